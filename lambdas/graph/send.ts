import { Agent, type Dispatcher, request } from 'undici';
import type { AwsIdentity } from '../shared/aws/aws-token';
import { signedHeaders } from '../shared/aws/signed-post';

/** One GraphQL request to one subgraph. */
export interface Message {
  readonly url: string;
  /** The JSON text of the GraphQL request. */
  readonly body: string;
  readonly requestId: string;
  /** Whether sending it twice does no harm: a query, never a mutation. */
  readonly repeatable: boolean;
}

/** Sends a message and gives back the parsed JSON of the answer. Rejects unless the answer is a 200 with a JSON body. */
export type Send = (message: Message) => Promise<unknown>;

/** Below the gateway's 29 s, so that what other subgraphs answered still reaches the caller. */
const TIMEOUT_MS = 10_000;

/** What undici rejects with when the other side has closed a kept connection. */
const LOST = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/**
 * Sends to Lambda function URLs with IAM authentication: SigV4, the body's hash included, signed with the function's
 * own role. The caller's headers stay here; only the request id goes along.
 */
export function signedSend(identity: AwsIdentity, timeoutMs = TIMEOUT_MS): Send {
  const dispatcher = new Agent();
  return async (message) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const post = async () =>
      read(await request(message.url, { ...(await sign(message, identity)), dispatcher, signal }));
    try {
      return await post();
    } catch (error) {
      // While Lambda freezes this function, subgraphs close kept connections and nobody here notices until the next use.
      if (message.repeatable && isLostConnection(error)) return post();
      throw error;
    }
  };
}

/** The method, headers and body of the signed request. */
export async function sign({ url, body, requestId }: Message, identity: AwsIdentity) {
  const headers = { 'content-type': 'application/json', 'x-request-id': requestId };
  const signed = signedHeaders({ service: 'lambda', url, headers, body }, identity);
  return { method: 'POST' as const, headers: signed, body };
}

async function read({ statusCode, body }: Dispatcher.ResponseData): Promise<unknown> {
  if (statusCode === 200) return body.json();
  // A body left unread would hold its connection.
  await body.dump();
  throw new Error(`answered ${statusCode}`);
}

const isLostConnection = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && LOST.has(String(error.code));
