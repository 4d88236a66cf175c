import type { IncomingHttpHeaders } from 'node:http';
import type { Need } from './iam';

/** A request to AWS, as far as every service reads it. */
export interface AwsCall {
  /** The operation, such as `GetItem`. */
  readonly action: string;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The body as it came, and as JSON; empty when the service does not speak JSON. */
  readonly raw: Buffer;
  readonly body: Readonly<Record<string, unknown>>;
  /** Fires when the caller goes away: a long poll must not go on without it. */
  readonly signal: AbortSignal;
}

export interface AwsReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

/** One service behind the loopback endpoint. */
export interface AwsService {
  /** Every action, resource and context that IAM must allow before the call is answered. */
  needs(call: AwsCall): readonly Need[];
  /** Answers a call that IAM allowed. Throws an AwsError for what AWS would refuse. */
  answer(call: AwsCall): Promise<AwsReply>;
}

/** What AWS answers when it does not do what was asked: `type` is the exception's name in the SDK. */
export class AwsError extends Error {
  override name = 'AwsError';
  constructor(
    readonly type: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** For an operation that exists on AWS and not here. */
export const notEmulated = (service: string, action: string): AwsError =>
  new AwsError('NotEmulatedLocally', `${service}:${action} is not emulated by the local host.`, 501);

export const jsonReply = (body: unknown, contentType = 'application/x-amz-json-1.1'): AwsReply => ({
  status: 200,
  headers: { 'content-type': contentType },
  body: JSON.stringify(body),
});
