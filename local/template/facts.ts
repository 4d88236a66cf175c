import { REGION } from '../aws/arn';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What is known of a custom resource once its handler has answered. */
export interface CustomResourceAnswer {
  readonly physicalId: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * What only the run knows: addresses and answers. The host fills it in as things start; a resource that is asked for a
 * fact not yet there says so by name. Resources are keyed by their local name, `<stack>-<logicalId>`.
 */
export interface Facts {
  /** The loopback AWS endpoint, e.g. `http://127.0.0.1:4566`. */
  awsEndpoint?: string;
  /** What stands in for ElastiCache's and for Aurora's and RDS Proxy's address. */
  redis?: Address;
  postgres?: Address;
  /** Public URLs without a slash at the end. A REST API stands at the root of its port, as behind a custom domain. */
  readonly restApiUrls: Map<string, string>;
  readonly functionUrls: Map<string, string>;
  readonly customResources: Map<string, CustomResourceAnswer>;
  /** The value of `{{resolve:<reference>}}`, e.g. `secretsmanager:<arn>:SecretString:password::`. */
  dynamicReference?: (reference: string) => string | undefined;
}

export const noFacts = (): Facts => ({ restApiUrls: new Map(), functionUrls: new Map(), customResources: new Map() });

const EXECUTE_API_URL = new RegExp(`https://([\\w-]+)\\.execute-api\\.${REGION}\\.amazonaws\\.com(?:/[\\w-]+)?`, 'g');

/** The text with every stage URL of a REST API replaced by where it is served here. */
export const withLocalUrls = (value: string, facts: Facts): string =>
  value.includes('.execute-api.')
    ? value.replace(EXECUTE_API_URL, (url, apiId: string) => facts.restApiUrls.get(apiId) ?? url)
    : value;
