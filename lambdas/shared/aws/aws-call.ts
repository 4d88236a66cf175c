import * as z from 'zod/mini';
import { fromJson } from '../json';
import { awsEndpoint, awsIdentity } from './aws-token';
import { type Answered, signedPost } from './signed-post';

/*
 * The few calls to AWS that our functions make, over AWS's JSON protocols. The SDK's clients for them are 400 kB and
 * 45 ms of loading; what is used of them is a signature, a time limit and a second try.
 */
const SERVICES = {
  dynamodb: { target: 'DynamoDB_20120810', contentType: 'application/x-amz-json-1.0' },
  sqs: { target: 'AmazonSQS', contentType: 'application/x-amz-json-1.0' },
  secretsmanager: { target: 'secretsmanager', contentType: 'application/x-amz-json-1.1' },
} as const;

const TIMEOUT_MS = 2_000;
const PAUSE_MS = 50;

/** AWS refused: `type` is the name of the exception. The message names resources, never what they hold. */
export class AwsError extends Error {
  override name = 'AwsError';
  constructor(
    readonly type: string,
    message: string,
    readonly isTransient = false,
  ) {
    super(`${type}: ${message}`);
  }
}

/** Calls it once more when there was no answer in time, or one that says to come again. Every call here may be repeated. */
export const awsCall = (
  service: keyof typeof SERVICES,
  action: string,
  input: Readonly<Record<string, unknown>>,
): Promise<unknown> => awsCallWith(service, action, JSON.stringify(input));

/** The same with an input that is JSON already. */
export async function awsCallWith(service: keyof typeof SERVICES, action: string, input: string): Promise<unknown> {
  const once = () => call(service, action, input);
  try {
    return await once();
  } catch (error) {
    if (error instanceof AwsError && !error.isTransient) throw error;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    return once();
  }
}

async function call(service: keyof typeof SERVICES, action: string, body: string): Promise<unknown> {
  const { target, contentType } = SERVICES[service];
  const headers = { 'content-type': contentType, 'x-amz-target': `${target}.${action}` };
  const request = { service, url: `${awsEndpoint(service)}/`, headers, body };
  const answered = await signedPost(request, awsIdentity(), TIMEOUT_MS);
  if (answered.status === 200) return Json.parse(answered.text);
  throw errorOf(answered);
}

const Json = z.pipe(fromJson, z.unknown());
const TYPE = '__type';
const ErrorBody = z.pipe(
  fromJson,
  z.object({ [TYPE]: z.optional(z.string()), message: z.optional(z.string()), Message: z.optional(z.string()) }),
);
const TRANSIENT =
  /Throttl|ThroughputExceeded|RequestLimitExceeded|TransactionInProgress|InternalFailure|InternalServer/;

/** The name comes as `com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException`, or in a header. */
function errorOf({ status, fields, text }: Answered): AwsError {
  const body = ErrorBody.safeParse(text).data;
  const named = body?.[TYPE] ?? fields['x-amzn-errortype'] ?? `HTTP ${status}`;
  const type = named.split('#').at(-1)?.split(':')[0] ?? named;
  return new AwsError(type, body?.message ?? body?.Message ?? '', status >= 500 || TRANSIENT.test(type));
}
