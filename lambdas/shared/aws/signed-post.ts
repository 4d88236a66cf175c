import type { ClientRequest, IncomingMessage } from 'node:http';
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
  signHeaders({ method: 'POST', service, url: new URL(url), body }, headers, identity);

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** More than AWS answers to anything that is asked here. */
const MOST_BYTES = 6 * 1024 * 1024;

/**
 * POSTs over node:http(s): `fetch` costs 29 ms to load. The time limit holds for the whole answer.
 * @throws when there is none in time
 */
export async function signedPost(request: Unsigned, identity: AwsIdentity, timeoutMs: number): Promise<Answered> {
  const headers = signedHeaders(request, identity);
  const { request: send } = request.url.startsWith('http:') ? await import('node:http') : await import('node:https');
  return new Promise((resolve, reject) => {
    const sent = send(request.url, { method: 'POST', headers, signal: AbortSignal.timeout(timeoutMs) });
    sent.once('error', reject);
    sent.once('response', (response) => resolve(collect(sent, response)));
    sent.end(request.body);
  });
}

async function collect(sent: ClientRequest, response: IncomingMessage): Promise<Answered> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > MOST_BYTES) {
      sent.destroy();
      throw new Error('the answer is too long');
    }
    chunks.push(part);
  }
  return { status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() };
}
