import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { BoundedMap } from '../../shared/bounded-map';
import { fromJson } from '../../shared/json';
import { basicOf, type OAuth2 } from './authentication';
import type { Outcome } from './outcome';
import type { Post } from './poster';
import type { TargetPolicy } from './target';

/** A token, or why there is none: in words without a secret, and without one that the other side chose. */
export type Token =
  | { readonly ok: true; readonly token: string; readonly isCached: boolean }
  | { readonly ok: false; readonly detail: string; readonly retryAfterSeconds?: number };

export interface AccessTokens {
  get(client: OAuth2, policy: TargetPolicy): Promise<Token>;
  /** Somebody refused it: it is not used again. */
  forget(client: OAuth2, policy: TargetPolicy, token: string): void;
}

/** RFC 6749 section 5.1. Some send the seconds as text. */
const Granted = z.pipe(
  fromJson,
  z.object({
    access_token: z.string().check(z.regex(/^[\x21-\x7e]{1,8192}$/)),
    token_type: z.optional(z.string().check(z.regex(/^bearer$/i))),
    expires_in: z.optional(z.pipe(z.union([z.number(), z.string()]), z.transform(Number))),
  }),
);
/** RFC 6749 section 5.2: these words, and no others, are told on. */
const Denied = z.pipe(
  fromJson,
  z.object({
    error: z.enum([
      'invalid_request',
      'invalid_client',
      'invalid_grant',
      'unauthorized_client',
      'unsupported_grant_type',
      'invalid_scope',
    ]),
  }),
);

const TIMEOUT_MS = 10_000;
const MOST_CLIENTS = 1000;
/** Where none is said. */
const LIFE_SECONDS = 300;
const MOST_LIFE_SECONDS = 86_400;
/** A token that is about to expire may have expired when it arrives. */
const EARLY_SECONDS = 60;

/** Access tokens by the client credentials grant, each kept in memory until shortly before it expires. */
export function openAccessTokens(post: Post, nowMs: () => number): AccessTokens {
  const kept = new BoundedMap<string, { readonly token: string; readonly staleAtMs: number }>(MOST_CLIENTS);
  const underWay = new Map<string, Promise<Token>>();

  const fetched = async (key: string, client: OAuth2, policy: TargetPolicy): Promise<Token> => {
    const outcome = await post({ ...requestOf(client), policy, timeoutMs: TIMEOUT_MS, isRepeatable: true });
    const granted = outcome.status === 200 && !outcome.error ? Granted.safeParse(outcome.body) : undefined;
    if (!granted?.success) return denied(outcome);
    const { access_token: token, expires_in: life } = granted.data;
    kept.set(key, { token, staleAtMs: nowMs() + usableSeconds(life) * 1000 });
    return { ok: true, token, isCached: false };
  };
  return {
    async get(client, policy) {
      const key = keyOf(client, policy);
      const known = kept.get(key);
      if (known && known.staleAtMs > nowMs()) return { ok: true, token: known.token, isCached: true };
      const flight = underWay.get(key) ?? fetched(key, client, policy).finally(() => underWay.delete(key));
      underWay.set(key, flight);
      return flight;
    },
    forget(client, policy, token) {
      const key = keyOf(client, policy);
      if (kept.get(key)?.token === token) kept.delete(key);
    },
  };
}

/** All that the token depends on: who knows only a client's name gets no token that another tenant's secret has bought. */
const keyOf = (client: OAuth2, { privateTargets }: TargetPolicy) =>
  createHash('sha256')
    .update(JSON.stringify([privateTargets, ...Object.entries(client).toSorted(([a], [b]) => (a < b ? -1 : 1))]))
    .digest('base64');

function usableSeconds(life: number | undefined): number {
  const seconds = Math.min(Number.isFinite(life) ? (life ?? LIFE_SECONDS) : LIFE_SECONDS, MOST_LIFE_SECONDS);
  return Math.max(seconds - EARLY_SECONDS, seconds / 2);
}

function requestOf({ tokenUrl, clientId, clientSecret, scope, audience, clientAuthentication = 'basic' }: OAuth2) {
  const isInBody = clientAuthentication === 'body';
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    ...(scope !== undefined && { scope }),
    ...(audience !== undefined && { audience }),
    ...(isInBody && { client_id: clientId, client_secret: clientSecret }),
  });
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    ...(!isInBody && { authorization: basicOf(formEncoded(clientId), formEncoded(clientSecret)) }),
  };
  return { url: tokenUrl, headers, body: body.toString() };
}

/** RFC 6749 section 2.3.1 and appendix B. */
const formEncoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);

function denied({ status, body, error, retryAfterSeconds }: Outcome): Token {
  const { data } = Denied.safeParse(body);
  const answered = status === 200 && !error ? 'answered without a bearer token' : `answered ${status}`;
  const detail = error ? error.detail : data ? `${answered} (${data.error})` : answered;
  return {
    ok: false,
    detail: `the token endpoint: ${detail}`,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
}
