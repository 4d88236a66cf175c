import { tmpdir } from 'node:os';
import { REGION } from '../aws/arn';
import type { Pace } from '../events/clock';
import { number, object, text, textMembers } from '../json';
import type { Assembly } from '../template/assembly';
import { Unresolved } from '../template/resolve';
import type { Credentials, Resource } from '../types';

/** All that an execution environment needs to know. */
export interface FunctionSettings {
  readonly name: string;
  readonly arn: string;
  /** `<file>.<export>` */
  readonly handler: string;
  /** Where the code lies: the asset's folder. */
  readonly folder: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly maxEnvironments: number;
  readonly variables: Readonly<Record<string, string>>;
  /** At which its clock goes. */
  readonly pace?: Pace | undefined;
}

/** What of the host a function sees. */
export interface FunctionSurroundings {
  /** The loopback AWS endpoint, for `AWS_ENDPOINT_URL`. */
  readonly awsEndpoint: string;
  /** A PEM file that its TLS clients trust, for `NODE_EXTRA_CA_CERTS`. */
  readonly caFile?: string;
  readonly pace?: Pace;
}

/** An environment takes about 70 MB, and on a laptop four at once show what concurrency does. */
const DEFAULT_MAX_ENVIRONMENTS = 4;
const DEFAULT_TIMEOUT_SECONDS = 3;
const DEFAULT_MEMORY_MB = 128;

const codeFolder = (resource: Resource, assembly: Assembly): string => {
  const key = text(object(resource.properties.Code).S3Key);
  const folder = key === undefined ? undefined : assembly.assetFolder(key.replace(/\.zip$/, ''));
  if (folder === undefined) {
    throw new Error(`${resource.stack}/${resource.id}: its code is not a file asset of this assembly`);
  }
  return folder;
};

/** The template's own variables. A missing value stops here, with the names of function and variable. */
const templateVariables = (resource: Resource): Readonly<Record<string, string>> => {
  try {
    return textMembers(object(resource.properties.Environment).Variables);
  } catch (error) {
    if (!(error instanceof Unresolved)) throw error;
    const variable = error.path[2] ?? error.path.join('.');
    throw new Error(`function ${resource.stack}/${resource.id}: ${variable} needs ${error.reference}, not known here`, {
      cause: error,
    });
  }
};

/** What Lambda sets itself. Nothing of the developer's own environment comes through. */
const lambdaVariables = (
  settings: Omit<FunctionSettings, 'variables' | 'pace'>,
  runtime: string,
  credentials: Credentials,
  { awsEndpoint, caFile }: FunctionSurroundings,
): Readonly<Record<string, string>> => ({
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_SESSION_TOKEN: credentials.sessionToken,
  AWS_DEFAULT_REGION: REGION,
  AWS_REGION: REGION,
  AWS_ENDPOINT_URL: awsEndpoint,
  // The SDKs refuse the two together: the one endpoint here has no dual-stack name.
  AWS_USE_DUALSTACK_ENDPOINT: 'false',
  AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`,
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(settings.memoryMb),
  AWS_LAMBDA_FUNCTION_NAME: settings.name,
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${settings.name}`,
  AWS_LAMBDA_LOG_STREAM_NAME: 'local',
  // An AWS SDK reads ~/.aws: the developer's profile must not reach the function.
  HOME: tmpdir(),
  LAMBDA_TASK_ROOT: settings.folder,
  LANG: 'en_US.UTF-8',
  // The SDKs warn of the age of this machine's Node; Lambda's is another.
  NODE_NO_WARNINGS: '1',
  PATH: '/usr/local/bin:/usr/bin:/bin',
  TZ: 'UTC',
  _HANDLER: settings.handler,
  ...(caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: caFile }),
});

/** Reads an `AWS::Lambda::Function`. Throws when its code or one of its variables has no value here, naming it. */
export const settingsOf = (
  resource: Resource,
  assembly: Assembly,
  credentials: Credentials,
  surroundings: FunctionSurroundings,
): FunctionSettings => {
  const { Handler, MemorySize, Timeout, ReservedConcurrentExecutions, Runtime } = resource.properties;
  const settings = {
    name: resource.ref,
    arn: resource.attribute('Arn'),
    handler: text(Handler) ?? 'index.handler',
    folder: codeFolder(resource, assembly),
    memoryMb: number(MemorySize) ?? DEFAULT_MEMORY_MB,
    timeoutSeconds: number(Timeout) ?? DEFAULT_TIMEOUT_SECONDS,
    maxEnvironments: number(ReservedConcurrentExecutions) ?? DEFAULT_MAX_ENVIRONMENTS,
  };
  return {
    ...settings,
    pace: surroundings.pace,
    // Lambda's names are reserved. NODE_EXTRA_CA_CERTS is not, but the template's would name a file that is on AWS only.
    variables: {
      ...templateVariables(resource),
      ...lambdaVariables(settings, text(Runtime) ?? '', credentials, surroundings),
    },
  };
};
