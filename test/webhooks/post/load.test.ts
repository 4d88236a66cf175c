import { readdirSync } from 'node:fs';
import { buildSync } from 'esbuild';

const inputsOf = (entry: string) =>
  Object.keys(
    buildSync({ entryPoints: [entry], bundle: true, write: false, metafile: true, platform: 'node' }).metafile.inputs,
  );
const loadsUndici = (entry: string) => inputsOf(entry).some((input) => input.includes('node_modules/undici/'));

const SIGNING = readdirSync('lambdas/webhooks/signing').map((file) => `lambdas/webhooks/signing/${file}`);

test.each([
  ...SIGNING,
  'lambdas/webhooks/post/authentication.ts',
  'lambdas/webhooks/post/headers.ts',
  'lambdas/webhooks/post/outcome.ts',
  'lambdas/webhooks/post/target.ts',
])('%s does not load undici, so neither does a function that only needs it', (entry) => {
  expect(loadsUndici(entry)).toBe(false);
});

test('what sends does', () => {
  expect(loadsUndici('lambdas/webhooks/post/poster.ts')).toBe(true);
});
