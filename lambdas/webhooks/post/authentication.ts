import * as z from 'zod/mini';
import { faultInTarget, LONGEST_URL, type TargetPolicy } from './target';

const printable = (most: number) => z.string().check(z.minLength(1), z.maxLength(most), z.regex(/^\P{Cc}+$/u));

/** How deliveries say at the endpoint who calls. It holds secrets: it is kept sealed, and never shown. */
export const Authentication = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('basic'),
    // RFC 7617 section 2: the first colon ends it.
    username: printable(255).check(z.regex(/^[^:]+$/)),
    password: printable(1024),
  }),
  /** The client credentials grant (RFC 6749 section 4.4). */
  z.strictObject({
    kind: z.literal('oauth2'),
    tokenUrl: z.string().check(z.maxLength(LONGEST_URL)),
    clientId: printable(255),
    clientSecret: printable(1024),
    scope: z.optional(printable(1024)),
    /** Auth0 and others want to know for whom the token is. */
    audience: z.optional(printable(1024)),
    /** How the client says who it is. @default basic */
    clientAuthentication: z.optional(z.enum(['basic', 'body'])),
  }),
]);
export type Authentication = z.output<typeof Authentication>;
export type OAuth2 = Extract<Authentication, { readonly kind: 'oauth2' }>;

/** What is wrong with where tokens come from, as with any other target. */
export function faultInAuthentication(authentication: Authentication, policy: TargetPolicy): string | undefined {
  if (authentication.kind !== 'oauth2') return undefined;
  const fault = faultInTarget(authentication.tokenUrl, policy);
  return fault === undefined ? undefined : `tokenUrl ${fault}`;
}

/** RFC 7617, in UTF-8. */
export const basicOf = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
