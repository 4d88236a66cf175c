import { Agent, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps, Agent as SecureAgent } from 'node:https';
import * as z from 'zod/mini';
import type { AwsIdentity } from '../aws/aws-token';
import { signedHeaders } from '../aws/signed-post';
import { MOST_ANSWER_BYTES, TIMEOUT_MS } from '../graph/subgraph-settings';
import { fromJson } from '../json';
import { faultInAddress } from './outside';
import { publicLookup } from './public-address';

/** One GraphQL request to one subgraph. */
export interface Message {
  readonly url: string;
  /** Who it is for. */
  readonly subgraph: string;
  /** The JSON text of the GraphQL request. */
  readonly body: string;
  readonly requestId: string;
  /** Whether sending it twice does no harm: a query, never a mutation. */
  readonly repeatable: boolean;
  /** For one answer, whole. @default 10,000 */
  readonly timeoutMs?: number | undefined;
  /** @default 16 MiB */
  readonly maxAnswerBytes?: number | undefined;
  /** What else goes along, by names in lower case; never signed. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Sends a message and gives back the parsed JSON of the answer. Rejects unless the answer is a 200 with a JSON body. */
export type Send = (message: Message) => Promise<unknown>;

/** It has answered, with what is no answer: it is there, and the fault may lie with this one request. */
export class Refused extends Error {
  override name = 'Refused';

  constructor(
    message: string,
    readonly status = 200,
  ) {
    super(message);
  }
}

/** What a request on a kept connection fails with when the other side has closed it. */
const LOST = new Set(['ECONNRESET', 'EPIPE']);

export interface SendOptions {
  readonly identity: AwsIdentity;
  /** Lambda function URLs with IAM authentication: what is sent there is signed. Nobody else sees a signature of ours. */
  readonly signedUrls: readonly string[];
  /** Lets subgraphs be at private addresses, on a laptop. */
  readonly privateTargets: boolean;
}

/** What a function that sends reads from its environment; lib/constructs/subgraph-access.ts sets it. */
export const sendEnv = {
  PRIVATE_TARGETS: z.enum(['on', 'off']),
  /** As JSON. */
  SIGNED_URLS: z.pipe(fromJson, z.array(z.url())),
};

interface SendEnv {
  readonly PRIVATE_TARGETS: 'on' | 'off';
  readonly SIGNED_URLS: readonly string[];
}

export const sendOptionsOf = (
  { PRIVATE_TARGETS: targets, SIGNED_URLS: signedUrls }: SendEnv,
  identity: AwsIdentity,
) => ({
  identity,
  signedUrls,
  privateTargets: targets === 'on',
});

/**
 * Sends over node:http, which is there already: undici takes a tenth less CPU in all, and 290 kB and 30 ms of every cold
 * start (docs/adr/0009). The caller's headers stay here; the request id goes along.
 */
export function openSend({ identity, signedUrls, privateTargets }: SendOptions): Send {
  const signed = new Set(signedUrls.map((url) => new URL(url).origin));
  const agents = { 'http:': new Agent({ keepAlive: true }), 'https:': new SecureAgent({ keepAlive: true }) };
  // Of who has published a subgraph at a public name, nobody knows where that name leads tomorrow.
  const guarded = privateTargets ? {} : { lookup: publicLookup() };
  return async (message) => {
    const url = new URL(message.url);
    const isSigned = signed.has(url.origin);
    const fault = isSigned ? undefined : faultInAddress(message.url, { privateTargets });
    if (fault !== undefined) throw new Error(fault);
    const isSecure = url.protocol === 'https:';
    const agent = agents[isSecure ? 'https:' : 'http:'];
    const post = async () => {
      const headers = { ...message.headers, ...(isSigned ? sign(message, identity) : plain(message)) };
      const options = { method: 'POST', headers, agent, ...(!isSigned && guarded) };
      return answered(isSecure ? requestHttps : requestHttp, url, options, message);
    };
    try {
      return JSON.parse(await post());
    } catch (error) {
      // While Lambda freezes this function, subgraphs close kept connections and nobody here notices until the next use.
      if (message.repeatable && isLostConnection(error)) return JSON.parse(await post());
      throw error;
    }
  };
}

type Sent = Pick<Message, 'url' | 'body' | 'requestId'>;

const plain = ({ body, requestId }: Sent): Readonly<Record<string, string>> => ({
  'content-type': 'application/json',
  'x-request-id': requestId,
  'content-length': String(Buffer.byteLength(body)),
});

/** The headers of the request signed with SigV4 by this function's own role, the body's hash included. */
export function sign({ url, body, requestId }: Sent, identity: AwsIdentity): Readonly<Record<string, string>> {
  const headers = { 'content-type': 'application/json', 'x-request-id': requestId };
  const signed = signedHeaders({ service: 'lambda', url, headers, body }, identity);
  return { ...signed, 'content-length': String(Buffer.byteLength(body)) };
}

function answered(
  send: typeof requestHttp,
  url: URL,
  options: RequestOptions,
  { body, timeoutMs = TIMEOUT_MS, maxAnswerBytes = MOST_ANSWER_BYTES }: Message,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = send(url, options);
    const timer = setTimeout(() => sent.destroy(new Error(`timeout: no answer in ${timeoutMs} ms`)), timeoutMs);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    const done = (text: string) => {
      clearTimeout(timer);
      resolve(text);
    };
    sent.once('error', fail);
    sent.once('response', (response) => read(response, maxAnswerBytes, { fail, done }));
    sent.end(body);
  });
}

interface Ends {
  fail(error: Error): void;
  done(text: string): void;
}

function read(response: IncomingMessage, mostBytes: number, { fail, done }: Ends): void {
  response.once('error', fail);
  if (response.statusCode !== 200) {
    // A body left unread would hold its connection.
    response.resume();
    fail(refusedWith(response.statusCode ?? 0));
    return;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > mostBytes) response.destroy(new Refused('the answer is too long'));
  });
  response.once('end', () => done(Buffer.concat(chunks, bytes).toString()));
}

/** Lambda answers 429 for a function that has no room left. */
const refusedWith = (status: number): Error =>
  status >= 500 || status === 429 ? new Error(`answered ${status}`) : new Refused(`answered ${status}`, status);

const isLostConnection = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && LOST.has(String(error.code));
