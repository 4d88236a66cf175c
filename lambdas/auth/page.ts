import { createHash } from 'node:crypto';
import { ERRORS, type Refusal } from '../shared/errors';
import { escapeHtml } from '../shared/http/html';
import type { RawAnswer } from '../shared/http/route';
import type { Authorization } from './authorization-request';
import { NO_STORE } from './fields';
import { STYLE } from './page-style';
import { policySourceOf } from './redirect';

const styleHash = createHash('sha256').update(STYLE).digest('base64');

/** No script, nothing from elsewhere, in nobody's frame. Browsers hold `form-action` against the redirect too. */
const policy = (formAction: string) =>
  [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    `form-action ${formAction}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

interface Page {
  readonly status: number;
  readonly title: string;
  /** HTML, escaped by the caller. */
  readonly main: string;
  readonly formAction?: string;
  readonly retryAfter?: string | undefined;
}

const page = ({ status, title, main, formAction = "'none'", retryAfter }: Page): RawAnswer => ({
  status,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy(formAction),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    ...NO_STORE,
    ...(retryAfter !== undefined && { 'retry-after': retryAfter }),
  },
  body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="name">Gatehouse</p>
${main}
</main>
</body>
</html>
`,
});

/** For who can be sent nowhere. */
export const problemPage = (problem: string): RawAnswer =>
  page({
    status: 400,
    title: 'Sign-in is not possible',
    main: `<h1>Sign-in is not possible</h1>
<p>${escapeHtml(problem)}</p>
<p class="aside">Go back and start again. If it stays, tell whoever runs that program.</p>`,
  });

/** A refusal that the page itself knows nothing of: its address has asked too often, or a part of ours is away. */
export function errorPage({ code, headers }: Refusal): RawAnswer {
  const { status, title, help } = ERRORS[code];
  const seconds = headers['retry-after'];
  const when = seconds === undefined ? help : `Try again in ${seconds} ${seconds === '1' ? 'second' : 'seconds'}.`;
  const answer = page({
    status,
    title: 'Sign-in is not possible right now',
    main: `<h1>Sign-in is not possible right now</h1>
<p role="alert">${escapeHtml(code === 'rate_limited' ? 'There were too many requests from your network.' : `${title}.`)}</p>
<p class="aside">${escapeHtml(when)}</p>`,
  });
  return { ...answer, headers: { ...headers, ...answer.headers } };
}

interface Shown {
  readonly email?: string;
  readonly status?: number;
  readonly problem?: string;
  readonly retryAfter?: string | undefined;
}

/** The form. It works without a script, a keyboard reaches all of it, and a screen reader hears the problem first. */
export function signInPage(
  authorization: Authorization,
  { email = '', status = 200, problem, retryAfter }: Shown = {},
) {
  const { client, redirectUri } = authorization;
  const wrong = problem === undefined ? '' : ' aria-invalid="true" aria-describedby="problem"';
  const alert =
    problem === undefined ? '' : `<p id="problem" class="problem" role="alert">${escapeHtml(problem)}</p>\n`;
  const [focusEmail, focusPassword] = email === '' ? [' autofocus', ''] : ['', ' autofocus'];
  return page({
    status,
    retryAfter,
    formAction: `'self' ${policySourceOf(redirectUri)}`,
    title: `${problem === undefined ? '' : 'Problem: '}Sign in to ${client.name}`,
    main: `<h1>Sign in</h1>
<p class="aside">to go on to <strong>${escapeHtml(client.name)}</strong> ${escapeHtml(placeOf(redirectUri))}</p>
${alert}<form method="post" action="authorize">
${hidden(authorization)}
<label for="email">Email address</label>
<input id="email" name="email" type="email" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="1024" required value="${escapeHtml(email)}"${wrong}${focusEmail}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required${wrong}${focusPassword}>
<button type="submit">Sign in</button>
</form>`,
  });
}

/** Where the browser will go, for people to compare. */
function placeOf(redirectUri: string): string {
  const { protocol, hostname, host } = new URL(redirectUri);
  if (!/^https?:$/.test(protocol)) return 'on this device';
  return /^(127\.0\.0\.1|\[::1\]|localhost)$/.test(hostname) ? 'on this computer' : `at ${host}`;
}

function hidden({ client, redirectUri, state, codeChallenge, organisation, workspace }: Authorization): string {
  const fields = {
    response_type: 'code',
    client_id: client.id,
    redirect_uri: redirectUri,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    state,
    organisation,
    workspace,
  };
  return Object.entries(fields)
    .flatMap(([name, value]) =>
      value === undefined ? [] : [`<input type="hidden" name="${name}" value="${escapeHtml(value)}">`],
    )
    .join('\n');
}
