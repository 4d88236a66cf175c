import { hash } from 'node:crypto';
import * as z from 'zod/mini';
import { IssuerSettings, type Kind } from './issuer-settings';
import { ForeignJwk } from './jwk';

export type { IssuerSettings, Kind } from './issuer-settings';

/** To whom an issuer's users belong: to the organisation that trusts it, or to the one that a claim's value stands for. */
export const Belonging = z.union([
  z.object({ organisation: z.uuid() }),
  z.object({ organisations: z.object({ claim: z.optional(z.string()), map: z.record(z.string(), z.uuid()) }) }),
]);
export type Belonging = z.output<typeof Belonging>;

/** An issuer with all that its keys do not change. */
const trusted = {
  /** The issuer's id at its organisation; `stage` for one of the stage (lib/stages.ts). */
  entry: z.string(),
  version: z.int(),
  settings: IssuerSettings,
  belongs: Belonging,
};
export const TrustedIssuer = z.object(trusted);
export type TrustedIssuer = z.output<typeof TrustedIssuer>;

/**
 * What authorizers know of an issuer, under `issuerRecordId`: settings, and the keys as they were fetched last. Written
 * by whoever changes the issuer and by the refresh of keys; good for a day, so that one that nobody refreshes goes.
 */
export const IssuerRecord = z.object({
  ...trusted,
  keys: z.array(ForeignJwk),
  fetchedAtSeconds: z.int(),
  expiresAtSeconds: z.int(),
});
export type IssuerRecord = z.output<typeof IssuerRecord>;

const RECORD_LIFE_SECONDS = 86_400;

/** The record of an issuer whose keys these are. */
export const recordOf = (
  issuer: TrustedIssuer,
  { keys, fetchedAtSeconds }: Pick<IssuerRecord, 'keys' | 'fetchedAtSeconds'>,
  nowSeconds: number,
): IssuerRecord => ({ ...issuer, keys, fetchedAtSeconds, expiresAtSeconds: nowSeconds + RECORD_LIFE_SECONDS });

export const STAGE_ENTRY = 'stage';
/** Under this id stand the issuers of the stage, as the last deploy has said them. */
export const STAGE_RECORD = 'stage-issuers';
export const StageIssuers = z.object({ issuers: z.array(TrustedIssuer) });

/** A token names its issuer and its audience: both together say whose it is. */
export const issuerRecordId = ({ issuer, audience }: Pick<IssuerSettings, 'issuer' | 'audience'>): string =>
  `issuer#${hash('sha256', JSON.stringify([issuer, audience]), 'hex')}`;

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
