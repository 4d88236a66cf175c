import { type AccessTokens, openAccessTokens, type Token } from './access-token';
import { type Authentication, basicOf, type OAuth2 } from './authentication';
import type { Outcome, PostError } from './outcome';
import type { Post, PostRequest } from './poster';

/** Posts as an endpoint wants it. Never rejects; the time limit holds for the token and for the attempt together. */
export type AuthenticatedPost = (request: PostRequest, authentication: Authentication) => Promise<Outcome>;

const TIMEOUT_MS = 15_000;

/** `post` for endpoints that ask who calls. Access tokens are got by the same `post`, under the same policy. */
export function authenticated(post: Post, nowMs: () => number = Date.now): AuthenticatedPost {
  const tokens = openAccessTokens(post, nowMs);
  return (request, authentication) => {
    if (authentication.kind === 'none') return post(request);
    if (authentication.kind === 'oauth2') return withToken(request, authentication, { post, tokens });
    return post(withAuthorization(request, basicOf(authentication.username, authentication.password)));
  };
}

interface Means {
  readonly post: Post;
  readonly tokens: AccessTokens;
}

/** A token that is refused may have been taken back before its time: another one is got and tried, once. */
async function withToken(request: PostRequest, client: OAuth2, { post, tokens }: Means): Promise<Outcome> {
  const { timeoutMs = TIMEOUT_MS, policy } = request;
  const began = performance.now();
  let tokenMs = 0;
  const left = () => timeoutMs - (performance.now() - began);
  const told = (outcome: Outcome): Outcome => {
    const total = performance.now() - began;
    return { ...outcome, times: { ...outcome.times, tokenMs: rounded(tokenMs), totalMs: rounded(total) } };
  };
  const tried = async () => {
    const asked = performance.now();
    const token = await inTime(tokens.get(client, policy), left());
    tokenMs += performance.now() - asked;
    if (!token) return { outcome: notSent(LATE) };
    if (!token.ok) return { outcome: notSent({ class: 'authentication', detail: token.detail }, token) };
    if (left() <= 0) return { outcome: notSent(LATE) };
    const bearing = withAuthorization(request, `Bearer ${token.token}`);
    return { outcome: await post({ ...bearing, timeoutMs: left() }), token };
  };
  const { outcome, token } = await tried();
  if (outcome.status !== 401 || !token) return told(outcome);
  tokens.forget(client, policy, token.token);
  if (!token.isCached) return told(outcome);
  return told((await tried()).outcome);
}

const LATE: PostError = { class: 'timeout', detail: 'no access token in time' };

const withAuthorization = (request: PostRequest, authorization: string): PostRequest => ({
  ...request,
  headers: { ...request.headers, authorization },
});

/** Who waits for a token that another attempt has asked for gives up at its own time. */
async function inTime(token: Promise<Token>, milliseconds: number): Promise<Token | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, Math.max(milliseconds, 0), undefined);
  });
  return Promise.race([token, late]).finally(() => clearTimeout(timer));
}

const notSent = (error: PostError, { retryAfterSeconds }: { readonly retryAfterSeconds?: number } = {}): Outcome => ({
  bodyBytes: 0,
  isBodyLonger: false,
  times: { totalMs: 0 },
  error,
  ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  isRepeated: false,
});

const rounded = (milliseconds: number) => Math.round(milliseconds * 10) / 10;
