import type { IncomingMessage } from 'node:http';
import type { request } from 'node:https';
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
  signHeaders({ method: 'POST', service, url: parsed(url), body }, headers, identity);

let last: { readonly text: string; readonly url: URL } | undefined;

/** Nearly every request of a function goes to the URL of the one before. */
function parsed(text: string): URL {
  if (last?.text !== text) last = { text, url: new URL(text) };
  return last.url;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** By protocol, once they are loaded: most functions need one of the two alone. */
const senders: Record<string, typeof request> = {};
const senderOf = async (url: string): Promise<typeof request> =>
  (await (url.startsWith('http:') ? import('node:http') : import('node:https'))).request;

/** More than AWS answers to anything that is asked here. */
const MOST_BYTES = 6 * 1024 * 1024;

/**
 * POSTs over node:http(s): `fetch` costs 29 ms to load. The time limit holds for the whole answer.
 * @throws when there is none in time
 */
export async function signedPost(asked: Unsigned, identity: AwsIdentity, timeoutMs: number): Promise<Answered> {
  const headers = signedHeaders(asked, identity);
  const url = parsed(asked.url);
  const send = (senders[url.protocol] ??= await senderOf(asked.url));
  return new Promise((resolve, reject) => {
    const sent = send(url, { method: 'POST', headers });
    // An AbortSignal for the time, and iterating over the answer, cost as much CPU as the request itself.
    const timer = setTimeout(() => fail(new Error(`no whole answer within ${timeoutMs} ms`)), timeoutMs);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
      sent.destroy();
    };
    sent.on('error', fail);
    sent.once('response', (response) => {
      collect(response, fail, (answered) => {
        clearTimeout(timer);
        resolve(answered);
      });
    });
    sent.end(asked.body);
  });
}

function collect(response: IncomingMessage, fail: (error: Error) => void, done: (answered: Answered) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MOST_BYTES) fail(new Error('the answer is too long'));
  });
  response.on('error', fail);
  response.once('end', () => {
    done({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() });
  });
}
