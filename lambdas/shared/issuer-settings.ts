import * as z from 'zod/mini';

/** How tokens may be signed: with a private key whose public one is published. Nothing with a shared secret. */
export const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** What is special about an issuer: the types its tokens may have, and where its claims usually are. */
export const KINDS = ['auth0', 'clerk', 'oidc'] as const;
export type Kind = (typeof KINDS)[number];

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

const names = z.array(z.string());

/**
 * What a token of an issuer must say, and what it means here. A claim is named as it stands, or by a path of dots
 * (`o.rol`) where no claim has that whole name.
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
  if ([issuer, jwksUri].some((address) => address !== undefined && !URL.canParse(address)))
    return 'issuer and jwksUri must be URLs';
  return undefined;
}
