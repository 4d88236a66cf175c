import { ASSET_NAMES, ASSETS } from '../../lambdas/platform/assets';
import { ERROR_CODES, ERRORS } from '../../lambdas/shared/errors';
import { escapeHtml } from '../../lambdas/shared/http/html';
import { ask } from '../support/handled';
import { captureOutput } from '../support/output';
import { builtFiles, platformHandler } from '../support/platform';

captureOutput();
const handler = platformHandler(builtFiles());
const docs = () => ask(handler, { resource: '/docs' });
const asset = (name: string, query: Record<string, string> = {}) =>
  ask(handler, { resource: '/docs/{asset}', params: { asset: name }, query });
const kept = async (v: string) => (await asset('page.css', { v })).headers['cache-control'];
const problemPage = (code: string) => ask(handler, { resource: '/problems/{code}', params: { code } });

/** Every address that a page names. */
const addresses = (html: string) => [...html.matchAll(/(?:href|src)="([^"]*)"/g)].map((match) => match[1] ?? '');

/** Where the gateway may be reached: a host of its own, or the base path of a stage. */
const ROOTS = ['https://api.example.com/', 'https://id.execute-api.us-east-1.amazonaws.com/dev/'];

async function statusAt(address: URL, root: string): Promise<number> {
  const path = `/${address.href.slice(root.length).split('?', 1)[0]}`;
  const [, name] = /^\/docs\/(.+)$/.exec(path) ?? [];
  const query = Object.fromEntries(address.searchParams);
  return (await (name === undefined ? ask(handler, { resource: path, query }) : asset(name, query))).status;
}

describe.each(ROOTS)('reached at %s', (root) => {
  test.each([
    ['docs', () => docs()],
    ['problems/not_found', () => problemPage('not_found')],
  ])('every address on /%s leads to something of ours', async (path, get) => {
    const found = addresses((await get()).text).map((address) => new URL(address, `${root}${path}`));
    expect(found.length).toBeGreaterThan(4);
    expect(found.filter(({ href }) => !href.startsWith(root))).toEqual([]);
    expect(await Promise.all(found.map((address) => statusAt(address, root)))).toEqual(found.map(() => 200));
  });
});

describe('a page', () => {
  test('may run and load only what is ours, and may not be framed', async () => {
    for (const { headers } of [await docs(), await problemPage('internal')]) {
      const policy = String(headers['content-security-policy']);
      expect(policy).toMatch(/default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/);
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-type': 'text/html; charset=utf-8',
      });
    }
  });

  test('has no inline script, style or event handler, which its policy would stop', async () => {
    const { text } = await docs();
    expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
  });
});

describe('an asset', () => {
  test.each(ASSET_NAMES)('%s has its content type and is not sniffed', async (name) => {
    const { status, headers, text } = await asset(name);
    expect({ status, headers }).toMatchObject({
      status: 200,
      headers: { 'content-type': ASSETS[name], 'x-content-type-options': 'nosniff' },
    });
    expect(text.length).toBeGreaterThan(50);
  });

  test('asked for by its version is kept for ever, and by any other not at all', async () => {
    const version = /page\.css\?v=(\w+)/.exec((await docs()).text)?.[1] ?? '';
    expect(await kept(version)).toBe('public, max-age=31536000, immutable');
    expect(await kept('another')).toBe('no-cache');
  });

  test.each(['../openapi.json', 'openapi.json', 'constructor', '__proto__', 'swagger-ui.css.map', ''])(
    '%j is not one: 404',
    async (name) => {
      expect(await asset(name)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    },
  );

  test('fits into the 6 MB that a function may answer', async () => {
    const sizes = await Promise.all(ASSET_NAMES.map(async (name) => Buffer.byteLength((await asset(name)).text)));
    expect(Math.max(...sizes)).toBeLessThan(5_000_000);
  });

  test.each(['page.css', 'swagger-ui.css'])('%s loads nothing: what it shows is in it', async (name) => {
    expect((await asset(name)).text).not.toMatch(/@import|url\(["']?(?!["']?data:)/);
  });

  test('tells Swagger UI to ask nobody else about the document', async () => {
    expect((await asset('initializer.js')).text).toContain('validatorUrl: null');
  });
});

describe('the page of an error code', () => {
  test.each(ERROR_CODES)('%s says what it means and what to do', async (code) => {
    const { status, text } = await problemPage(code);
    expect(status).toBe(200);
    expect(text).toContain(`<code>${code}</code>`);
    expect(text).toContain(`<h1>${ERRORS[code].title}</h1>`);
    expect(text.replaceAll(/<\/?code>/g, '`')).toContain(escapeHtml(ERRORS[code].help));
  });

  test.each(['nonsense', 'constructor', '<script>alert(1)</script>'])('%j is not one: 404', async (code) => {
    const { status, text } = await problemPage(code);
    expect(status).toBe(404);
    expect(text).not.toContain(code);
  });
});

test('text is escaped wherever HTML could read it as markup', () => {
  expect(escapeHtml(`<a href="x" id='y'>&`)).toBe('&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;');
});
