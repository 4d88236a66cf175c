import { refuse } from '../shared/errors';

/** Our own client: public, first party, and the only one that may use the password grant. */
export const FIRST_PARTY = 'gatehouse';

type OAuthError =
  | 'invalid_request'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type';

/** An error of RFC 6749 section 5.2. */
export const oauth = (error: OAuthError, detail: string): never =>
  refuse('bad_request', detail, { extensions: { error }, isWrongCredential: error === 'invalid_grant' });

/** RFC 6749 section 5.2: a client that tried `Authorization` is told which scheme we take there. */
export const invalidClient = (basic: boolean): never =>
  refuse('unauthenticated', 'the client is not known or its secret is wrong', {
    extensions: { error: 'invalid_client' },
    headers: basic ? { 'www-authenticate': 'Basic realm="gatehouse"' } : {},
  });

/** What a grant can't do without. */
export const needed = (value: string | undefined, name: string): string =>
  value ?? oauth('invalid_request', `${name} is needed`);

const MS = 1000;
/** Whole seconds since 1970, as tokens carry them. */
export const secondsOf = (ms: number): number => Math.floor(ms / MS);
