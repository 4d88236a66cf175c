import * as z from 'zod/mini';
import type { AwsIdentity } from '../aws/aws-token';
import { signHeaders } from '../aws/sigv4';
import { BoundedMap } from '../bounded-map';
import { MOST_ANSWER_BYTES, TIMEOUT_MS } from '../graph/subgraph-settings';
import { LostConnection } from '../http1/connection';
import { keptConnections } from '../http1/connections';
import { TooLong } from '../http1/response-body';
import { ResponseText } from '../http1/response-text';
import { postOf, type Target, targetOf } from '../http1/target';
import { fromJson } from '../json';
import { Url, urlOf } from '../url';
import { faultInAddress } from './address-fault';
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
  SIGNED_URLS: z.pipe(fromJson, z.array(Url)),
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

/** Subgraphs' addresses; a version of the graph has some dozens. */
const MOST_KNOWN = 1_000;

/** An address, looked at once: where it leads, and whether what goes there is signed. */
interface Known {
  readonly target: Target;
  readonly isSigned: boolean;
}

/**
 * Sends over connections of our own making, which take half of node:http's CPU (docs/adr/0009). The caller's headers stay
 * here; the request id goes along.
 */
export function openSend({ identity, signedUrls, privateTargets }: SendOptions): Send {
  const signed = new Set(signedUrls.map((url) => new URL(url).origin));
  const ours = keptConnections({});
  // Of who has published a subgraph at a public name, nobody knows where that name leads tomorrow.
  const others = privateTargets ? ours : keptConnections({ lookup: publicLookup() });
  const known = new BoundedMap<string, Known>(MOST_KNOWN);
  const look = (address: string): Known => {
    const isSigned = signed.has(urlOf(address)?.origin ?? '');
    const fault = isSigned ? undefined : faultInAddress(address, { privateTargets });
    if (fault !== undefined) throw new Error(fault);
    const found = { target: targetOf(address), isSigned };
    known.set(address, found);
    return found;
  };
  return async (message) => {
    const { target, isSigned } = known.get(message.url) ?? look(message.url);
    const connections = isSigned ? ours : others;
    const post = async (isNew: boolean): Promise<ResponseText> => {
      const own = isSigned ? sign(message, identity, target.url) : plain(message);
      const connection = connections.take(target, isNew);
      const { timeoutMs = TIMEOUT_MS, maxAnswerBytes = MOST_ANSWER_BYTES } = message;
      const request = postOf(target, own, message.body, message.headers);
      const response = new ResponseText(maxAnswerBytes, 'successes');
      await response.over(connection, request, timeoutMs);
      connections.give(target, connection);
      return response;
    };
    try {
      return answerOf(await post(false));
    } catch (error) {
      // While Lambda freezes this function, subgraphs close kept connections and nobody here notices until the next use.
      if (message.repeatable && error instanceof LostConnection) return answerOf(await post(true));
      throw error instanceof TooLong ? new Refused(error.message) : error;
    }
  };
}

type Sent = Pick<Message, 'url' | 'body' | 'requestId'>;
type Fields = Readonly<Record<string, string>>;

const plain = ({ requestId }: Sent): Fields => ({ 'content-type': 'application/json', 'x-request-id': requestId });

/** The headers of the request signed with SigV4 by this function's own role, the body's hash included. */
export const sign = (message: Sent, identity: AwsIdentity, url = new URL(message.url)): Fields =>
  signHeaders({ method: 'POST', service: 'lambda', url, body: message.body }, plain(message), identity);

function answerOf({ status, text }: ResponseText): unknown {
  if (status !== 200) throw refusedWith(status);
  return JSON.parse(text);
}

/** Lambda answers 429 for a function that has no room left. */
const refusedWith = (status: number): Error =>
  status >= 500 || status === 429 ? new Error(`answered ${status}`) : new Refused(`answered ${status}`, status);
