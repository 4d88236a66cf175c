import * as z from 'zod/mini';
import type { KeysAnswer, KeysQuestion } from '../shared/credentials/issuer-keys';
import { vetted } from '../shared/credentials/jwk';
import { askOutside, Fault, type OutsideOptions } from '../shared/http/outside';
import { urlOf } from '../shared/url';

/** For discovery and keys together. */
const TIMEOUT_MS = 2_000;
const MOST_BYTES = 64 * 1024;

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.string() });

type GetJson = (what: string, address: string) => Promise<unknown>;

/** Fetches an issuer's keys and vets them. Whatever the issuer does, there is an answer, within the time limit. */
export async function fetchKeys(question: KeysQuestion, options: OutsideOptions): Promise<KeysAnswer> {
  const ask = askOutside(options, TIMEOUT_MS);
  const getJson: GetJson = (what, address) => ask({ what, address, mostBytes: MOST_BYTES });
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
async function discover(issuer: string, getJson: GetJson): Promise<string> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const document = Discovery.safeParse(await getJson('discovery', address));
  if (!document.success) throw new Fault('discovery: the document names no issuer and jwks_uri');
  if (document.data.issuer !== issuer)
    throw new Fault(`discovery: the document is about ${JSON.stringify(document.data.issuer.slice(0, 300))}`);
  const { jwks_uri: jwksUri } = document.data;
  if (urlOf(jwksUri)?.origin !== new URL(issuer).origin)
    throw new Fault('discovery: the keys are at another origin; name their address as jwksUri');
  return jwksUri;
}
