import * as z from 'zod/mini';

/** How tokens may be signed: with a private key whose public one is published. Nothing with a shared secret. */
export const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** What is special about an issuer: the types its tokens may have, and where its claims usually are. */
export const KINDS = ['auth0', 'clerk', 'oidc'] as const;
export type Kind = (typeof KINDS)[number];

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
