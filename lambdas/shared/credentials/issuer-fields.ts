import * as z from 'zod/mini';
import { urlOf } from '../url';
import { ALGORITHMS, type IssuerSettings, KINDS } from './issuer-settings';

const printable = (most: number) => z.string().check(z.minLength(1), z.maxLength(most), z.regex(/^[\x21-\x7e]+$/));
const words = (most: number) => z.string().check(z.minLength(1), z.maxLength(most), z.regex(/^\P{Cc}+$/u));
const url = z.string().check(z.maxLength(300), z.regex(/^https?:\/\/[^\s?#@\\\p{Cc}]+$/u));
const role = z.string().check(z.regex(/^[a-z][a-z0-9_-]{0,62}$/));
const claim = words(200);

const MOST_NAMES = 100;
const isShort = (map: object) => Object.keys(map).length <= MOST_NAMES;

export const RequiredClaim = z.strictObject({ claim, value: words(300) });
export const RoleMap = z.strictObject({
  claim: z.optional(claim),
  map: z.record(words(200), role).check(z.refine(isShort)),
});
export const OrganisationMap = z.strictObject({
  claim: z.optional(claim),
  map: z.record(words(300), z.uuid()).check(z.refine(isShort)),
});

/** What may be changed of an issuer, as whoever configures it writes it. */
export const changeable = {
  authorizedParties: z.optional(z.array(printable(300)).check(z.maxLength(10))),
  algorithm: z.optional(z.enum(ALGORITHMS)),
  maxLifeSeconds: z.optional(z.int().check(z.gte(60), z.lte(86_400))),
  defaultRoles: z.optional(z.array(role).check(z.maxLength(20))),
  emailClaim: z.optional(claim),
  nameClaim: z.optional(claim),
};

/** An issuer as whoever configures it writes it: at `POST /v1/issuers` and, with an organisation map, in lib/stages.ts. */
export const issuerFields = {
  kind: z.enum(KINDS),
  issuer: url,
  audience: z.optional(printable(300)),
  ...changeable,
  jwksUri: z.optional(url),
  requiredClaim: z.optional(RequiredClaim),
  roles: z.optional(RoleMap),
};
const IssuerFields = z.object(issuerFields);
export type IssuerFields = z.output<typeof IssuerFields>;

/** Settings with all that was left out. */
export const settingsOf = (fields: IssuerFields): IssuerSettings => ({
  audience: '',
  authorizedParties: [],
  algorithm: 'RS256',
  maxLifeSeconds: 86_400,
  defaultRoles: [],
  emailClaim: 'email',
  nameClaim: 'name',
  ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
  kind: fields.kind,
  issuer: fields.issuer,
});

/** What is wrong with settings each of which may be right; nothing when they are good together. */
export function faultIn({ audience, authorizedParties, roles, defaultRoles, issuer, jwksUri }: IssuerSettings) {
  if (audience === '' && authorizedParties.length === 0)
    return 'audience is missing: without one (as in Clerk’s session tokens) authorizedParties says whose tokens count';
  if (Object.keys(roles?.map ?? {}).length === 0 && defaultRoles.length === 0)
    return 'roles.map or defaultRoles must give a role: without one nobody gets in';
  if ([issuer, jwksUri].some((address) => address !== undefined && !urlOf(address)))
    return 'issuer and jwksUri must be URLs';
  return undefined;
}
