import * as z from 'zod/mini';
import { Jwks } from '../shared/credentials/jwt';
import { JWKS_MAX_AGE_SECONDS } from '../shared/credentials/lifetimes';
import { type Contract, form } from '../shared/http/route';
import { Field, NO_STORE } from './fields';

/** RFC 6749 section 2.3.1: a client may send its credentials in the form where it can't send a header. */
const CLIENT = { client_id: z.optional(Field), client_secret: z.optional(Field) };
const MEMBERSHIP = { organisation: z.optional(z.uuid()), workspace: z.optional(z.uuid()) };

/*
 * RFC 6749 section 3.2: what an OAuth endpoint does not know it ignores. Libraries send `audience`, `resource` and more.
 */

/** All grants at one address: which fields one needs is checked where it is served. */
export const TokenRequest = z.object({
  grant_type: Field,
  username: z.optional(Field),
  password: z.optional(Field),
  refresh_token: z.optional(Field),
  code: z.optional(Field),
  redirect_uri: z.optional(Field),
  code_verifier: z.optional(Field),
  scope: z.optional(Field),
  ...MEMBERSHIP,
  ...CLIENT,
});

export const Token = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int(),
  refresh_token: z.optional(z.string()),
  scope: z.optional(z.string()),
});

const TokenToJudge = z.object({ token: Field, token_type_hint: z.optional(Field), ...CLIENT });

/** RFC 7662 section 2.2, with the claims of our tokens. All but `active` are absent unless it is true. */
const Introspection = z.object({
  active: z.boolean(),
  scope: z.optional(z.string()),
  client_id: z.optional(z.string()),
  token_type: z.optional(z.literal('Bearer')),
  exp: z.optional(z.int()),
  iat: z.optional(z.int()),
  nbf: z.optional(z.int()),
  sub: z.optional(z.string()),
  aud: z.optional(z.string()),
  iss: z.optional(z.string()),
  jti: z.optional(z.string()),
  sid: z.optional(z.string()),
  org: z.optional(z.string()),
  ws: z.optional(z.string()),
  roles: z.optional(z.array(z.string())),
  plan: z.optional(z.string()),
});

/** RFC 8414 section 2, and `authorization_response_iss_parameter_supported` of RFC 9207. */
const Metadata = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  jwks_uri: z.string(),
  revocation_endpoint: z.string(),
  introspection_endpoint: z.string(),
  scopes_supported: z.array(z.string()),
  response_types_supported: z.array(z.string()),
  response_modes_supported: z.array(z.string()),
  grant_types_supported: z.array(z.string()),
  code_challenge_methods_supported: z.array(z.string()),
  token_endpoint_auth_methods_supported: z.array(z.string()),
  revocation_endpoint_auth_methods_supported: z.array(z.string()),
  introspection_endpoint_auth_methods_supported: z.array(z.string()),
  authorization_response_iss_parameter_supported: z.literal(true),
});

/** RFC 6749 section 4.1.1 and RFC 7636 section 4.3. Optional here, because what is missing is told in a way of its own. */
const AuthorizationRequest = z.object({
  response_type: z.optional(z.string()),
  client_id: z.optional(z.string()),
  redirect_uri: z.optional(z.string()),
  state: z.optional(z.string()),
  code_challenge: z.optional(z.string()),
  code_challenge_method: z.optional(z.string()),
  scope: z.optional(z.string()),
  ...MEMBERSHIP,
});
const SignInForm = z.extend(AuthorizationRequest, { email: z.string(), password: z.string() });

const HTML = 'text/html; charset=utf-8';
const credentials = 'this is where credentials are exchanged for a token';
const noStore = { ...NO_STORE, pragma: 'no-cache' };

export const oauthRoutes = {
  issueToken: {
    method: 'POST',
    path: '/v1/auth/token',
    summary: 'Exchange credentials, a code or a refresh token for an access token (RFC 6749)',
    auth: 'none',
    public: credentials,
    addressLimit: 'credentials',
    clientAuth: true,
    body: form(TokenRequest),
    reply: { status: 200, body: Token, headers: noStore },
    errorFormat: 'oauth',
    errors: ['unauthenticated', 'not_ready'],
    example: { body: { grant_type: 'password', username: 'admin@acme.example', password: '…' } },
    since: '0.1.0',
  },
  authorize: {
    method: 'GET',
    path: '/v1/auth/authorize',
    summary: 'The sign-in page of the authorization code grant (RFC 6749 section 4.1, RFC 7636)',
    auth: 'none',
    public: credentials,
    addressLimit: 'discovery',
    query: AuthorizationRequest,
    reply: { status: 200, contentType: HTML },
    errorFormat: 'page',
    raw: true,
    since: '0.2.0',
  },
  signIn: {
    method: 'POST',
    path: '/v1/auth/authorize',
    summary: 'What the sign-in page sends; the right password is answered by a 303 to the client with a code',
    auth: 'none',
    public: credentials,
    addressLimit: 'credentials',
    body: form(SignInForm),
    reply: { status: 200, contentType: HTML },
    errorFormat: 'page',
    raw: true,
    since: '0.2.0',
  },
  revokeToken: {
    method: 'POST',
    path: '/v1/auth/revoke',
    summary: 'Revoke an access token, or a refresh token with its session (RFC 7009)',
    auth: 'none',
    public: 'whoever holds a token may end it',
    addressLimit: 'credentials',
    clientAuth: true,
    body: form(TokenToJudge),
    reply: { status: 200, body: z.object({}), headers: noStore },
    errorFormat: 'oauth',
    errors: ['unauthenticated', 'not_ready'],
    since: '0.2.0',
  },
  introspectToken: {
    method: 'POST',
    path: '/v1/auth/introspect',
    summary: 'Whether a token of your organisation would be admitted now (RFC 7662)',
    auth: 'none',
    public: 'the caller is an OAuth client and authenticates as one',
    addressLimit: 'services',
    clientAuth: true,
    body: form(TokenToJudge),
    reply: { status: 200, body: Introspection, headers: noStore },
    errorFormat: 'oauth',
    errors: ['unauthenticated', 'forbidden', 'not_ready'],
    since: '0.2.0',
  },
  getJwks: {
    method: 'GET',
    path: '/.well-known/jwks.json',
    summary: 'The public keys that verify our access tokens (RFC 7517)',
    auth: 'none',
    public: 'public keys are public',
    addressLimit: 'discovery',
    reply: { status: 200, body: Jwks, headers: { 'cache-control': `public, max-age=${JWKS_MAX_AGE_SECONDS}` } },
    errors: ['not_ready'],
    since: '0.1.0',
  },
  getMetadata: {
    method: 'GET',
    path: '/.well-known/oauth-authorization-server',
    summary: 'Where and how tokens are issued here (RFC 8414)',
    auth: 'none',
    public: 'clients find their way by it',
    addressLimit: 'discovery',
    reply: { status: 200, body: Metadata, headers: { 'cache-control': `public, max-age=${JWKS_MAX_AGE_SECONDS}` } },
    since: '0.2.0',
  },
} as const satisfies Contract;
