import { buildSync } from 'esbuild';

const inputsOf = (entry: string) =>
  Object.keys(
    buildSync({ entryPoints: [entry], bundle: true, write: false, metafile: true, platform: 'node' }).metafile.inputs,
  );

test('what sends asks with the one HTTP client of the house: no package, and none of node:http', () => {
  const inputs = inputsOf('lambdas/webhooks/post/poster.ts');
  expect(inputs).toContain('lambdas/shared/http1/connection.ts');
  expect(inputs.filter((input) => /undici/.test(input))).toEqual([]);
});
