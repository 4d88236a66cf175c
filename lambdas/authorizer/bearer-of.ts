import { hash as digest } from 'node:crypto';
import type { ForeignClaims } from '../shared/credentials/foreign-token';
import {
  type IssuerRecord,
  type IssuerSettings,
  ORGANISATION_CLAIMS,
  ROLE_CLAIMS,
  STAGE_ENTRY,
} from '../shared/credentials/issuer';
import { isJson, type Json } from '../shared/credentials/jws';
import type { Identified } from './answer';

/** Whose token it is here: the organisation, the roles, and an account that is the same at every token of this person. */
export function bearerOf(record: IssuerRecord, claims: ForeignClaims): Identified {
  const { settings, entry } = record;
  const { all, sub: subject, exp, iat, jti } = claims;
  const { requiredClaim: required } = settings;
  if (required && claimOf(all, required.claim) !== required.value) return { refused: 'required claim' };
  // Who has not done all that a sign-in asks for (a second factor, choosing an organisation) is not signed in.
  if (settings.kind === 'clerk' && all.sts === 'pending') return { refused: 'pending session' };
  const organisation = organisationOf(record, all);
  if (organisation === undefined) return { refused: 'no organisation' };
  const roles = rolesOf(settings, all);
  if (roles.length === 0) return { refused: 'no role' };
  return {
    kind: 'user',
    id: userIdOf(entry === STAGE_ENTRY ? STAGE_ENTRY : organisation, settings.issuer, subject),
    organisation,
    token: jti !== undefined && TOKEN_ID.test(jti) ? jti : undefined,
    expiresAtSeconds: exp,
    external: {
      ...(entry !== STAGE_ENTRY && { entry }),
      issuer: settings.issuer,
      subject,
      roles,
      // Roles that the issuer does not speak of are kept here: as if said at the beginning of time, they change nothing later.
      issuedAtSeconds: settings.roles ? iat : 0,
      email: emailOf(settings, all),
      name: textOf(all, settings.nameClaim, LONGEST_NAME),
    },
  };
}

const TOKEN_ID = /^[\x21-\x7e]{1,100}$/;
const LONGEST_NAME = 200;
const LONGEST_EMAIL = 254;
const MOST_ROLES = 20;

/**
 * A user's id from what will always be the same, so that nobody has to be asked for it: a UUID of version 8 (RFC 9562
 * section 5.8). Who trusts the issuer is part of it: an organisation that points an issuer's name at keys of its own
 * makes users of its own, and nobody else's.
 */
export function userIdOf(trustedBy: string, issuer: string, subject: string): string {
  const hash = digest('sha256', JSON.stringify([trustedBy, issuer, subject]), 'hex');
  const variant = ((Number.parseInt(hash.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-${variant}${hash.slice(18, 20)}-${hash.slice(20, 32)}`;
}

/** A claim by its name or, where none has it, by the path that its dots make. Only what the token itself holds. */
export function claimOf(claims: Json, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split('.')) {
    if (!isJson(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** The first of these claims that the token has. */
const firstOf = (claims: Json, paths: readonly string[]) =>
  paths.map((path) => claimOf(claims, path)).find((value) => value !== undefined);

function organisationOf({ belongs, settings: { kind } }: IssuerRecord, claims: Json): string | undefined {
  if ('organisation' in belongs) return belongs.organisation;
  const { claim, map } = belongs.organisations;
  const value = firstOf(claims, claim === undefined ? ORGANISATION_CLAIMS[kind] : [claim]);
  return typeof value === 'string' && Object.hasOwn(map, value) ? map[value] : undefined;
}

/** Our names for the roles that the token names; the default ones when it names none that we know. */
export function rolesOf({ kind, roles, defaultRoles }: IssuerSettings, claims: Json): readonly string[] {
  if (!roles) return defaultRoles;
  const paths = roles.claim === undefined ? ROLE_CLAIMS[kind] : [roles.claim];
  const { map } = roles;
  const found = namesIn(paths, firstOf(claims, paths))
    .flatMap((name) => spellings(kind, name))
    .flatMap((name) => (Object.hasOwn(map, name) ? (map[name] ?? []) : []));
  return found.length > 0 ? [...new Set(found)].slice(0, MOST_ROLES) : defaultRoles;
}

/** Clerk's version 1 says `org:admin` where version 2 says `admin`. */
function spellings(kind: IssuerSettings['kind'], name: string): readonly string[] {
  if (kind !== 'clerk') return [name];
  const bare = name.replace(/^org:/, '');
  return [bare, `org:${bare}`];
}

/** Names in a list, or one name; in the claims of RFC 8693 section 4.2 a text is many names with spaces between. */
function namesIn(paths: readonly string[], value: unknown): readonly string[] {
  if (typeof value === 'string') return ['scope', 'scp'].includes(paths[0] ?? '') ? value.split(' ') : [value];
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}

const CONTROL = /\p{Cc}/u;

function textOf(claims: Json, path: string, longest: number): string | undefined {
  const value = claimOf(claims, path);
  return typeof value === 'string' && value.length > 0 && value.length <= longest && !CONTROL.test(value)
    ? value
    : undefined;
}

/** One that the issuer itself has not verified is left out. */
function emailOf({ emailClaim }: IssuerSettings, claims: Json): string | undefined {
  const email = textOf(claims, emailClaim, LONGEST_EMAIL);
  return email?.includes('@') && claims.email_verified !== false ? email : undefined;
}
