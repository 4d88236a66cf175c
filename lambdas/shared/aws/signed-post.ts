import { BoundedMap } from '../bounded-map';
import { TimedOut } from '../http1/connection';
import { keptConnections } from '../http1/connections';
import { ResponseText } from '../http1/response-text';
import { postOf, type Target, targetOf } from '../http1/target';
import { type AwsIdentity, signHeaders } from './sigv4';

/** A request that is signed for a service of AWS, or for a function behind an IAM function URL (`lambda`). */
export interface Unsigned {
  readonly service: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The headers of the request with its signature (SigV4), the body's hash included. */
export const signedHeaders = ({ service, url, headers, body }: Unsigned, identity: AwsIdentity) =>
  signHeaders({ method: 'POST', service, url: targetTo(url).url, body }, headers, identity);

const MOST_TARGETS = 100;
const targets = new BoundedMap<string, Target>(MOST_TARGETS);

/** Nearly every request of a function goes to a URL that another one went to. */
function targetTo(url: string): Target {
  const known = targets.get(url);
  if (known) return known;
  const target = targetOf(url);
  targets.set(url, target);
  return target;
}

export type Answered = Pick<ResponseText, 'status' | 'fields' | 'text'>;

/** More than AWS answers to anything that is asked here. */
const MOST_BYTES = 6 * 1024 * 1024;
/** As node:http's agent has it. What has been idle for longer the other side may have closed while Lambda froze this function. */
const IDLE_MS = 5_000;

const connections = keptConnections({}, { unsaidMs: IDLE_MS, mostMs: IDLE_MS });

/**
 * POSTs over connections of our own making (docs/adr/0009). The time limit holds for the whole answer.
 * @throws when there is none in time
 */
export async function signedPost(asked: Unsigned, identity: AwsIdentity, timeoutMs: number): Promise<Answered> {
  const target = targetTo(asked.url);
  const post = postOf(target, signedHeaders(asked, identity), asked.body);
  const connection = connections.take(target);
  const answer = new ResponseText(MOST_BYTES, 'all');
  await answer.over(connection, post, timeoutMs).catch((error: unknown) => {
    throw error instanceof TimedOut ? new Error(`no whole answer within ${timeoutMs} ms`) : error;
  });
  connections.give(target, connection);
  return answer;
}
