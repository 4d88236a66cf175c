import type { KeyObject } from 'node:crypto';
import * as z from 'zod/mini';
import { BoundedMap } from '../bounded-map';
import type { IssuerSettings, Kind } from './issuer';
import { decodeObject, hasTwins, isSigned, type Json, type Parts, split } from './jws';
import { isTimely, type Refused } from './jwt';

/** A token that somebody else has issued, read but not verified: what it says serves to find the keys, and for nothing else. */
export interface Opened {
  readonly parts: Parts;
  readonly header: { readonly text: string; readonly value: Json };
  readonly payload: { readonly text: string; readonly value: Json };
}

export function open(token: string): Opened | undefined {
  const parts = split(token);
  const header = parts && headerOf(parts.header);
  const payload = header && decodeObject(parts.payload);
  return payload && { parts, header, payload };
}

/** Headers as they were decoded: all tokens of a key have the same one. Long ones are nobody's. */
const headers = new BoundedMap<string, Opened['header']>(64);
const LONGEST_KEPT = 512;

function headerOf(part: string): Opened['header'] | undefined {
  const known = headers.get(part);
  if (known) return known;
  const decoded = decodeObject(part);
  if (!decoded || hasTwins(decoded.text, decoded.value)) return undefined;
  if (part.length <= LONGEST_KEPT) headers.set(part, decoded);
  return decoded;
}

const LONGEST_ISSUER = 500;
const MOST_AUDIENCES = 5;
const Claimed = z.object({
  iss: z.string().check(z.minLength(1), z.maxLength(LONGEST_ISSUER)),
  aud: z.optional(z.union([z.string(), z.array(z.string()).check(z.minLength(1), z.maxLength(MOST_AUDIENCES))])),
});

/** Whom and what the token says it is of and for. No audience is the empty one. */
export function claimedOrigin({ payload }: Opened): { issuer: string; audiences: readonly string[] } | undefined {
  const parsed = Claimed.safeParse(payload.value);
  if (!parsed.success) return undefined;
  const { iss, aud = '' } = parsed.data;
  return { issuer: iss, audiences: [aud].flat() };
}

/** `typ` by kind, in lower case and without `application/` (RFC 7515 section 4.1.9); empty for none. */
const TYPES: Readonly<Record<Kind, readonly string[]>> = {
  auth0: ['at+jwt', 'jwt'],
  clerk: ['jwt'],
  // Okta, Cognito and others leave it out.
  oidc: ['at+jwt', 'jwt', ''],
};

const Header = z.object({
  alg: z.string(),
  typ: z.optional(z.string()),
  kid: z.string(),
  // An extension that must be understood (RFC 7515 section 4.1.11): none is.
  crit: z.optional(z.never()),
});

const text = z.string().check(z.minLength(1), z.maxLength(255), z.regex(/^\P{Cc}+$/u));

/** What every such token says. Times must be safe integers: 1e400 and fractions are none. */
const Claims = z.object({
  iss: z.string(),
  sub: text,
  iat: z.int(),
  exp: z.int(),
  nbf: z.optional(z.int()),
  azp: z.optional(z.string()),
  client_id: z.optional(z.string()),
  jti: z.optional(z.string()),
});
export type ForeignClaims = z.output<typeof Claims> & { readonly all: Json };

type Verified = { readonly ok: true; readonly claims: ForeignClaims } | Refused;

/**
 * Verifies a token against the settings of the issuer that it names. The algorithm and the types are those of the
 * settings, `kid` is a plain lookup, and header members that point to other keys are never read. Who spelled its JSON is
 * not known, so members given twice are looked for.
 */
export function verifyForeign(
  { parts, header, payload }: Opened,
  settings: IssuerSettings,
  keyOf: (kid: string) => KeyObject | undefined,
  nowSeconds: number,
): Verified {
  const head = Header.safeParse(header.value);
  if (!head.success || head.data.alg !== settings.algorithm || !isType(settings.kind, head.data.typ))
    return { ok: false, reason: 'malformed' };
  const key = keyOf(head.data.kid);
  if (!key) return { ok: false, reason: 'unknown key' };
  if (!isSigned(settings.algorithm, parts, key)) return { ok: false, reason: 'signature' };
  if (hasTwins(payload.text, payload.value)) return { ok: false, reason: 'malformed' };
  const claims = Claims.safeParse(payload.value);
  if (!claims.success || !isTimely(claims.data, nowSeconds, settings.maxLifeSeconds))
    return { ok: false, reason: 'claims' };
  if (claims.data.iss !== settings.issuer || !isMeantForUs(payload.value, partyOf(claims.data), settings))
    return { ok: false, reason: 'claims' };
  return { ok: true, claims: { ...claims.data, all: payload.value } };
}

const isType = (kind: Kind, typ = '') =>
  TYPES[kind].includes(typ) || TYPES[kind].includes(typ.toLowerCase().replace(/^application\//, ''));

/** The application that got the token: RFC 9068 calls it `client_id`, others `azp`. */
const partyOf = ({ azp, client_id }: z.output<typeof Claims>) => azp ?? client_id;

function isMeantForUs(
  { aud }: Json,
  party: string | undefined,
  { audience, authorizedParties }: IssuerSettings,
): boolean {
  const isAudience =
    audience === '' ? aud === undefined : aud === audience || (Array.isArray(aud) && aud.includes(audience));
  const isParty = authorizedParties.length === 0 || (party !== undefined && authorizedParties.includes(party));
  // What is for no audience and of no party would be for everybody.
  return isAudience && isParty && (audience !== '' || authorizedParties.length > 0);
}
