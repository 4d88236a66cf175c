import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import { parse } from '../../../lambdas/shared/parse';
import { CustomHeaders } from '../../../lambdas/webhooks/post/headers';
import { publicKeysOf } from '../../../lambdas/webhooks/signing/jwks';
import { newSigningKeys, rotated } from '../../../lambdas/webhooks/signing/secrets';
import { signer } from '../../../lambdas/webhooks/signing/sign';

const page = readFileSync('docs/webhooks/receiving.md', 'utf8');
const snippet = (language: string) => page.split(`\`\`\`${language}\n`)[1]?.split('\n```')[0] ?? '';

/** Runs what the page says on each case, in a process of its own, and says which were accepted. */
const DRIVER = `
import { readFileSync } from 'node:fs';
const cases = JSON.parse(readFileSync(0, 'utf8'));
const accepted = cases.map(({ body, headers, secret, jwks }) => {
  try {
    if (jwks) verifyByKeys(Buffer.from(body), headers, jwks);
    else verify(Buffer.from(body), headers, secret);
    return true;
  } catch {
    return false;
  }
});
process.stdout.write(JSON.stringify(accepted));
`;

test('what the page says for TypeScript accepts our deliveries, and refuses what is none', () => {
  const nowMs = Date.now();
  const before = newSigningKeys();
  const after = rotated(before, { nowMs });
  const [young, old] = after.secrets.map(({ secret }) => secret);
  const other = newSigningKeys();
  const body = '{"type":"invoice.paid","name":"Größe"}';
  const signedAt = (seconds: number) =>
    signer(after).headersOf({
      messageId: 'evt_1',
      timestampSeconds: Math.floor(nowMs / 1000) + seconds,
      body,
      nowMs,
      style: 'standard',
      asymmetric: true,
    }).headers;
  const headers = signedAt(0);
  const good = { body, headers, secret: young };
  const jwks = publicKeysOf(after, nowMs);
  const cases: [boolean, object][] = [
    [true, good],
    [true, { ...good, secret: old }],
    [true, { ...good, headers: signedAt(-290) }],
    [true, { body, headers, jwks }],
    [true, { body, headers, jwks: publicKeysOf(before, nowMs) }],
    [false, { ...good, headers: signedAt(-310) }],
    [false, { ...good, headers: signedAt(310) }],
    [false, { ...good, body: `${body} ` }],
    [false, { ...good, secret: other.secrets[0]?.secret }],
    [false, { ...good, headers: { ...headers, 'webhook-id': 'evt_2' } }],
    [false, { ...good, headers: { ...headers, 'webhook-signature': 'v1,' } }],
    [false, { ...good, headers: {} }],
    [false, { body: 'x', headers, jwks }],
    [false, { body, headers, jwks: publicKeysOf(other, nowMs) }],
  ];
  const code = transformSync(snippet('ts'), { loader: 'ts', format: 'esm' }).code + DRIVER;
  const accepted: unknown = JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '--eval', code], {
      input: JSON.stringify(cases.map(([, one]) => one)),
      encoding: 'utf8',
    }),
  );
  expect(accepted).toEqual(cases.map(([expected]) => expected));
});

test('the headers that the page says are ours are refused', () => {
  const [, list = ''] = /Not among them: ([\s\S]*?)\. An `authorization`/.exec(page) ?? [];
  const names = [...list.matchAll(/`([a-z0-9-]+)`/g)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(15);
  for (const name of names) {
    const whole = name.endsWith('-') ? `${name}anything` : name;
    expect([whole, parse(CustomHeaders, { [whole]: 'x' }).ok]).toEqual([whole, false]);
  }
});
