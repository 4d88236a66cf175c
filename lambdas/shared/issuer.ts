import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { ForeignJwk } from './jwk';
import { ALGORITHMS } from './jws';

export const KINDS = ['auth0', 'clerk', 'oidc'] as const;
export type Kind = (typeof KINDS)[number];

const names = z.array(z.string());

/**
 * An issuer of somebody else, whose tokens are accepted: what a token must say, and what it means here. A claim is
 * named as it stands, or by a path of dots (`o.rol`) where no claim has that whole name.
 */
export const IssuerSettings = z.object({
  kind: z.enum(KINDS),
  /** Exactly as tokens have it in `iss`: Auth0's ends with a slash. */
  issuer: z.string(),
  /** One of `aud`; empty for tokens without an audience, as Clerk's session tokens are. */
  audience: z.string(),
  /** What `azp` must be one of; none: whatever it is. */
  authorizedParties: names,
  algorithm: z.enum(ALGORITHMS),
  /** Where its keys are; without it discovery says so. */
  jwksUri: z.optional(z.string()),
  /** A token that lives longer is refused. */
  maxLifeSeconds: z.int(),
  /** A claim that must have this value, e.g. `org_id`. */
  requiredClaim: z.optional(z.object({ claim: z.string(), value: z.string() })),
  /** Where it names roles, and what they are called here. Names that are not in the map grant nothing. */
  roles: z.optional(z.object({ claim: z.optional(z.string()), map: z.record(z.string(), z.string()) })),
  /** Held by whom no name in the map gives a role. */
  defaultRoles: names,
  emailClaim: z.string(),
  nameClaim: z.string(),
});
export type IssuerSettings = z.output<typeof IssuerSettings>;

/** To whom an issuer's users belong: to the organisation that trusts it, or to the one that a claim's value stands for. */
const Belonging = z.union([
  z.object({ organisation: z.uuid() }),
  z.object({ organisations: z.object({ claim: z.optional(z.string()), map: z.record(z.string(), z.uuid()) }) }),
]);

/**
 * What authorizers know of an issuer, under `issuerRecordId`: settings, and the keys as they were fetched last. Written
 * by whoever changes the issuer and by the refresh of keys; good for a day, so that one that nobody refreshes goes.
 */
export const IssuerRecord = z.object({
  /** The issuer's id at its organisation; `stage` for one of the stage (lib/stages.ts). */
  entry: z.string(),
  version: z.int(),
  settings: IssuerSettings,
  belongs: Belonging,
  keys: z.array(ForeignJwk),
  fetchedAtSeconds: z.int(),
  expiresAtSeconds: z.int(),
});
export type IssuerRecord = z.output<typeof IssuerRecord>;

export const STAGE_ENTRY = 'stage';
export const RECORD_LIFE_SECONDS = 86_400;

/** A token names its issuer and its audience: both together say whose it is. */
export const issuerRecordId = ({ issuer, audience }: Pick<IssuerSettings, 'issuer' | 'audience'>): string =>
  `issuer#${createHash('sha256').update(JSON.stringify([issuer, audience])).digest('hex')}`;

/** Where the claims are that most users of a kind will want. */
export const ORGANISATION_CLAIMS: Readonly<Record<Kind, readonly string[]>> = {
  auth0: ['org_id'],
  clerk: ['o.id', 'org_id'],
  oidc: ['org_id'],
};
/** Version 2 of Clerk's session tokens, then version 1. */
export const ROLE_CLAIMS: Readonly<Record<Kind, readonly string[]>> = {
  auth0: ['permissions'],
  clerk: ['o.rol', 'org_role'],
  oidc: ['roles'],
};
