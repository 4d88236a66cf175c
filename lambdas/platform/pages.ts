import { ERRORS, type ErrorCode } from '../shared/errors';
import { escapeHtml } from '../shared/http/html';
import { Answer } from '../shared/http/route';

/** Nothing comes from another origin, no script or style is inline, nobody may frame the page. Swagger UI's icons are data: addresses. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const html = (text: string): Answer<string> =>
  new Answer(text, {
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'public, max-age=300',
  });

/** `code` between backticks becomes a code element. */
const prose = (text: string) => escapeHtml(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');

interface Page {
  readonly title: string;
  /** The relative address of where the gateway is reached: a host, or a stage's base path. */
  readonly root: '' | '../';
  /** Of the assets. */
  readonly version: string;
  /** HTML, escaped by the caller, as is `main`. */
  readonly head?: string;
  readonly main: string;
}

const page = ({ title, root, version, head = '', main }: Page) =>
  html(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="${root}docs/favicon.svg?v=${version}">
<link rel="stylesheet" href="${root}docs/page.css?v=${version}">
${head}</head>
<body>
<header><a class="name" href="${root}docs">Gatehouse</a><nav><a href="${root}docs">Reference</a><a href="${root}openapi.json">OpenAPI</a></nav></header>
${main}
</body>
</html>
`);

/** The API reference: Swagger UI over `openapi.json`. */
export const docsPage = (version: string): Answer<string> =>
  page({
    title: 'Gatehouse API reference',
    root: '',
    version,
    head: `<link rel="stylesheet" href="docs/swagger-ui.css?v=${version}">
<script defer src="docs/swagger-ui-bundle.js?v=${version}"></script>
<script defer src="docs/initializer.js?v=${version}"></script>
`,
    main: `<main id="reference"></main>
<noscript><p>The reference needs JavaScript; <a href="openapi.json">openapi.json</a> says the same.</p></noscript>`,
  });

/** The page that a problem's `type` names: what the error means and what to do. */
export function problemPage(code: ErrorCode, version: string): Answer<string> {
  const { status, title, help } = ERRORS[code];
  return page({
    title: `${title} (${code})`,
    root: '../',
    version,
    main: `<main class="problem">
<p class="status">${status} <code>${escapeHtml(code)}</code></p>
<h1>${prose(title)}</h1>
<p>${prose(help)}</p>
<p class="aside">Every answer carries <code>x-request-id</code>. Give it to the operator when you ask about one request.</p>
</main>`,
  });
}
