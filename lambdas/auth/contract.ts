import * as z from 'zod/mini';
import { Jwks } from '../shared/jwt';
import { JWKS_MAX_AGE_SECONDS } from '../shared/lifetimes';
import { type Contract, form } from '../shared/route';

/** RFC 6749 appendix A has no control characters in any field; PostgreSQL takes no NUL. */
const isText = (field: string) => !/\p{Cc}/u.test(field);
const Field = z.string().check(z.minLength(1), z.maxLength(1024), z.refine(isText));

/** RFC 6749 section 4.3.2. First party only, and a stage may switch it off: RFC 9700 section 2.4 says why. */
export const PasswordGrant = z.strictObject({
  grant_type: Field,
  username: z.optional(Field),
  password: z.optional(Field),
});

export const Token = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int(),
});

export const authRoutes = {
  issueToken: {
    method: 'POST',
    path: '/v1/auth/token',
    summary: 'Exchange credentials for an access token (OAuth2 password grant)',
    auth: 'none',
    public: 'this is where credentials are exchanged for a token',
    body: form(PasswordGrant),
    reply: { status: 200, body: Token, headers: { 'cache-control': 'no-store', pragma: 'no-cache' } },
    errorFormat: 'oauth',
    errors: ['not_ready'],
    example: { body: { grant_type: 'password', username: 'admin@acme.example', password: '…' } },
    since: '0.1.0',
  },
  getJwks: {
    method: 'GET',
    path: '/.well-known/jwks.json',
    summary: 'The public keys that verify our access tokens (RFC 7517)',
    auth: 'none',
    public: 'public keys are public',
    reply: { status: 200, body: Jwks, headers: { 'cache-control': `public, max-age=${JWKS_MAX_AGE_SECONDS}` } },
    errors: ['not_ready'],
    since: '0.1.0',
  },
} as const satisfies Contract;
