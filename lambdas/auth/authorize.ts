import * as z from 'zod/mini';
import { type ErrorCode, Refusal } from '../shared/errors';
import { bodyText } from '../shared/http/request';
import type { Operations, RawAnswer } from '../shared/http/route';
import type { Origin } from '../shared/stores/audit';
import { type Authorization, parseAuthorization } from './authorization-request';
import type { Clients } from './clients';
import type { Codes } from './codes';
import { authRoutes } from './contract';
import { Field, NO_STORE } from './fields';
import { problemPage, signInPage } from './page';
import { withParameters } from './redirect';
import type { Passwords } from './sign-in';

interface Deps {
  readonly clients: Clients;
  readonly codes: Codes;
  readonly passwords: Passwords;
}

const WRONG = 'The email address or the password is wrong.';
/** What a person can do something about; the rest is a fault of ours. */
const TOLD: ReadonlyMap<ErrorCode, { readonly status: number; readonly problem: string }> = new Map([
  ['rate_limited', { status: 429, problem: 'There were too many attempts to sign in. Wait a little, then try again.' }],
  ['not_ready', { status: 503, problem: 'Signing in is not possible at the moment. Try again in a few seconds.' }],
]);

/** The authorization endpoint. It speaks HTML and redirects, so what is wrong is told in those. */
export const authorize = (deps: Deps): Pick<Operations<typeof authRoutes>, 'authorize' | 'signIn'> => ({
  async authorize({ event, publicUrl }) {
    const query = Object.entries(event.multiValueQueryStringParameters ?? {});
    const pairs = query.flatMap(([name, values]) => (values ?? []).map((value): [string, string] => [name, value]));
    const asked = await askedBy(new URLSearchParams(pairs), deps.clients, publicUrl);
    return 'answer' in asked ? asked.answer : signInPage(asked.authorization);
  },

  async signIn({ event, publicUrl, origin }) {
    const form = new URLSearchParams(bodyText(authRoutes.signIn.body, event));
    const asked = await askedBy(form, deps.clients, publicUrl);
    if ('answer' in asked) return asked.answer;
    const { authorization } = asked;
    const email = form.get('email') ?? '';
    try {
      const code = await codeFor(deps, authorization, { email, password: form.get('password') ?? '' }, origin);
      if (code === undefined)
        return { ...signInPage(authorization, { email, status: 400, problem: WRONG }), isWrongCredential: true };
      return redirected(authorization.redirectUri, { code, state: authorization.state, iss: publicUrl });
    } catch (error) {
      const told = error instanceof Refusal && TOLD.get(error.code);
      if (!told) throw error;
      return signInPage(authorization, { email, ...told, retryAfter: error.headers['retry-after'] });
    }
  },
});

/** The request that the parameters make, or the answer to one that is wrong. */
async function askedBy(
  parameters: URLSearchParams,
  clients: Clients,
  iss: string,
): Promise<{ readonly authorization: Authorization } | { readonly answer: RawAnswer }> {
  const parsed = await parseAuthorization(parameters, clients);
  if (parsed.ok) return parsed;
  if ('problem' in parsed) return { answer: problemPage(parsed.problem) };
  const { redirectUri, state, error, detail } = parsed;
  return { answer: redirected(redirectUri, { error, error_description: detail, state, iss }) };
}

const Credentials = z.object({ email: Field, password: Field });

async function codeFor({ passwords, codes }: Deps, authorization: Authorization, typed: unknown, origin: Origin) {
  const credentials = Credentials.safeParse(typed);
  if (!credentials.success) return undefined;
  const { client, redirectUri, codeChallenge, organisation, workspace } = authorization;
  const signedIn = await passwords.signIn({ ...credentials.data, organisation, workspace }, origin);
  return signedIn && codes.issue(signedIn, { client: client.id, redirectUri, codeChallenge }, origin);
}

/** 303, so that no browser sends the password on (RFC 9700 section 4.12); `iss` is RFC 9207's. */
const redirected = (uri: string, parameters: Readonly<Record<string, string | undefined>>): RawAnswer => ({
  status: 303,
  headers: { location: withParameters(uri, parameters), ...NO_STORE, 'referrer-policy': 'no-referrer' },
  body: '',
});
