import { type AwsIdentity, signQuery } from './sigv4';

export type { AwsIdentity } from './sigv4';

export const awsIdentity = (env = process.env): AwsIdentity => ({
  region: env.AWS_REGION ?? '',
  accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
  secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
  sessionToken: env.AWS_SESSION_TOKEN,
});

/**
 * Where a service of AWS is called: at `AWS_ENDPOINT_URL` where that is set, as the SDK does, else at the name of the
 * region, the dual-stack one for functions that leave by IPv6 (lib/constructs/gateway-function.ts).
 */
export function awsEndpoint(service: string, env = process.env): string {
  const { AWS_ENDPOINT_URL, AWS_REGION: region = '', AWS_USE_DUALSTACK_ENDPOINT } = env;
  if (AWS_ENDPOINT_URL) return AWS_ENDPOINT_URL;
  const isChina = region.startsWith('cn-');
  const single = isChina ? 'amazonaws.com.cn' : 'amazonaws.com';
  const dual = isChina ? 'api.amazonwebservices.com.cn' : 'api.aws';
  return `https://${service}.${region}.${AWS_USE_DUALSTACK_ENDPOINT === 'true' ? dual : single}`;
}

/**
 * An IAM authentication token as ElastiCache (`service` elasticache) and RDS (rds-db) take it in place of a password:
 * a presigned `connect` request without its scheme, good for 15 minutes. Signing is local; nothing is asked of AWS.
 */
export async function connectToken(
  identity: AwsIdentity,
  service: 'elasticache' | 'rds-db',
  host: string,
  query: Readonly<Record<string, string>>,
): Promise<string> {
  const url = new URL(`https://${host}/`);
  const asked = { Action: 'connect', ...query, 'X-Amz-Expires': '900' };
  return `${host}/?${signQuery({ method: 'GET', service, url }, asked, identity)}`;
}
