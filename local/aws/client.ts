import { isObject, object, parseJson } from '../json';
import type { Credentials } from '../types';
import { REGION } from './arn';
import { AwsError } from './service';

/** The host's own key: the emulators behind the endpoint take any, the endpoint knows it not. */
const HOST = { accessKeyId: 'AKIALOCALHOST' };

const PREFIXES = { dynamodb: 'DynamoDB_20120810', sqs: 'AmazonSQS' } as const;

/**
 * A call in AWS's JSON 1.0 protocol, for the few that the host makes itself: an SDK client costs 50 ms to load.
 * The signature is a placeholder, which neither the loopback endpoint nor the emulators look at.
 */
export async function awsCall(
  url: string,
  service: keyof typeof PREFIXES,
  action: string,
  body: unknown,
  { credentials = HOST, signal }: { credentials?: Pick<Credentials, 'accessKeyId'>; signal?: AbortSignal } = {},
): Promise<Readonly<Record<string, unknown>>> {
  const timestamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${credentials.accessKeyId}/${timestamp.slice(0, 8)}/${REGION}/${service}/aws4_request`;
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `${PREFIXES[service]}.${action}`,
      'x-amz-date': timestamp,
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
  const answer = parseJson(await response.text());
  if (response.ok) return object(answer);
  const { __type: type, message } = isObject(answer) ? answer : {};
  throw new AwsError(String(type).split('#').at(-1) ?? '', `${service}:${action}: ${String(message)}`, response.status);
}
