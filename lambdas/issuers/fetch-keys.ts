import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import * as z from 'zod/mini';
import type { KeysAnswer, KeysQuestion } from '../shared/credentials/issuer-keys';
import { vetted } from '../shared/credentials/jwk';
import { isPublic, NOT_PUBLIC_ADDRESS, publicLookup } from './public-address';

export interface FetchOptions {
  /** Lets addresses be private and without TLS, for providers on a laptop. */
  readonly privateTargets: boolean;
  readonly lookup?: LookupFunction;
}

/** For discovery and keys together. */
const TIMEOUT_MS = 2_000;
const MOST_BYTES = 64 * 1024;

/** What whoever configures the issuer is told. */
class Fault extends Error {}

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.string() });

/** Fetches an issuer's keys and vets them. Whatever the issuer does, there is an answer, within the time limit. */
export async function fetchKeys(question: KeysQuestion, options: FetchOptions): Promise<KeysAnswer> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const getJson = (what: string, address: string) => get(what, address, options, signal);
  try {
    const jwksUri = question.jwksUri ?? (await discover(question.issuer, getJson));
    const jwks = await getJson('JWKS', jwksUri);
    try {
      return { ok: true, keys: vetted(jwks, question.algorithm) };
    } catch (error) {
      throw new Fault(error instanceof Error ? error.message : 'the JWKS is not usable');
    }
  } catch (error) {
    if (error instanceof Fault) return { ok: false, detail: error.message };
    throw error;
  }
}

/** OpenID Connect Discovery 1.0 section 4: the document must be about this very issuer. */
async function discover(issuer: string, getJson: (what: string, address: string) => Promise<unknown>): Promise<string> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const document = Discovery.safeParse(await getJson('discovery', address));
  if (!document.success) throw new Fault('discovery: the document names no issuer and jwks_uri');
  if (document.data.issuer !== issuer)
    throw new Fault(`discovery: the document is about ${JSON.stringify(document.data.issuer.slice(0, 300))}`);
  const { jwks_uri: jwksUri } = document.data;
  if (!URL.canParse(jwksUri) || new URL(jwksUri).origin !== new URL(issuer).origin)
    throw new Fault('discovery: the keys are at another origin; name their address as jwksUri');
  return jwksUri;
}

async function get(what: string, address: string, options: FetchOptions, signal: AbortSignal): Promise<unknown> {
  const url = targetOf(what, address, options.privateTargets);
  const lookup = options.lookup ?? (options.privateTargets ? undefined : publicLookup());
  const send = url.protocol === 'http:' ? httpRequest : httpsRequest;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'gatehouse' };
    const sent = send(url, { agent: false, headers, signal, ...(lookup && { lookup }) });
    sent.once('response', resolve);
    sent.once('error', reject);
    sent.end();
  }).catch((error: unknown) => {
    throw new Fault(`${what}: ${reasonOf(error, signal)}`);
  });
  try {
    if (response.statusCode !== 200)
      throw new Fault(`${what}: answered ${response.statusCode}; redirects are not followed`);
    return JSON.parse(await bodyOf(what, response));
  } catch (error) {
    throw error instanceof Fault
      ? error
      : new Fault(`${what}: ${error instanceof SyntaxError ? 'is not JSON' : reasonOf(error, signal)}`);
  } finally {
    response.destroy();
  }
}

/** A literal address is never looked up, so it is looked at here. */
function targetOf(what: string, address: string, privateTargets: boolean): URL {
  if (!URL.canParse(address)) throw new Fault(`${what}: its address is no URL`);
  const url = new URL(address);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.username || url.password) throw new Fault(`${what}: its address holds a login`);
  if (privateTargets && url.protocol === 'http:') return url;
  if (url.protocol !== 'https:') throw new Fault(`${what}: only https addresses are fetched`);
  if (!privateTargets && isIP(host) !== 0 && !isPublic(host)) throw new Fault(`${what}: ${NOT_PUBLIC_ADDRESS}`);
  return url;
}

async function bodyOf(what: string, response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > MOST_BYTES) throw new Fault(`${what}: is longer than ${MOST_BYTES} bytes`);
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString();
}

function reasonOf(error: unknown, signal: AbortSignal): string {
  const { code, message } = Object(error);
  if (signal.aborted) return `did not answer within ${TIMEOUT_MS / 1000} s`;
  if (message === NOT_PUBLIC_ADDRESS) return message;
  return typeof code === 'string' ? `cannot be reached (${code})` : 'cannot be reached';
}
