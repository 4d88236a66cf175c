import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { faultInAddress } from './address-fault';
import { NOT_PUBLIC_ADDRESS, publicLookup } from './public-address';

/*
 * Asking a server that somebody else has named. It is done by functions outside the VPC alone, where a hostile address
 * has nothing private to reach, and with an eye on every address all the same.
 */

export interface OutsideOptions {
  /** Lets addresses be private and without TLS, for services on a laptop. */
  readonly privateTargets: boolean;
  readonly lookup?: LookupFunction;
}

/** What goes wrong there, in words for whoever has named the address. */
export class Fault extends Error {}

interface Question {
  /** What is asked for: every fault begins with it. */
  readonly what: string;
  readonly address: string;
  /** Sent as JSON by POST; without it the question is a GET. */
  readonly body?: unknown;
  readonly mostBytes: number;
}

/** Asks for JSON, within a time that several questions may share. Rejects with a `Fault`, and follows no redirect. */
export type AskOutside = (question: Question) => Promise<unknown>;

export function askOutside(options: OutsideOptions, timeoutMs: number): AskOutside {
  const signal = AbortSignal.timeout(timeoutMs);
  const reason = (error: unknown) => reasonOf(error, signal, timeoutMs);
  return async (question) => {
    const { what, mostBytes } = question;
    const response = await send(question, options, signal).catch((error: unknown) => {
      throw error instanceof Fault ? error : new Fault(`${what}: ${reason(error)}`);
    });
    try {
      if (response.statusCode !== 200)
        throw new Fault(`${what}: answered ${response.statusCode}; redirects are not followed`);
      return JSON.parse(await textOf(what, response, mostBytes));
    } catch (error) {
      if (error instanceof Fault) throw error;
      throw new Fault(`${what}: ${error instanceof SyntaxError ? 'is not JSON' : reason(error)}`);
    } finally {
      response.destroy();
    }
  };
}

async function send({ what, address, body }: Question, options: OutsideOptions, signal: AbortSignal) {
  const fault = faultInAddress(address, options);
  if (fault !== undefined) throw new Fault(`${what}: ${fault}`);
  const url = new URL(address);
  const lookup = options.lookup ?? (options.privateTargets ? undefined : publicLookup());
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'gatehouse',
    ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
  };
  const method = text === undefined ? 'GET' : 'POST';
  return new Promise<IncomingMessage>((resolve, reject) => {
    const request = url.protocol === 'http:' ? httpRequest : httpsRequest;
    const sent = request(url, { method, agent: false, headers, signal, ...(lookup && { lookup }) });
    sent.once('response', resolve);
    sent.once('error', reject);
    sent.end(text);
  });
}

async function textOf(what: string, response: IncomingMessage, mostBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > mostBytes) throw new Fault(`${what}: is longer than ${mostBytes} bytes`);
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString();
}

function reasonOf(error: unknown, signal: AbortSignal, timeoutMs: number): string {
  const { code, message } = Object(error);
  if (signal.aborted) return `did not answer within ${timeoutMs / 1000} s`;
  if (message === NOT_PUBLIC_ADDRESS) return message;
  return typeof code === 'string' ? `cannot be reached (${code})` : 'cannot be reached';
}
