import { readFileSync, statSync } from 'node:fs';
import * as z from 'zod/mini';

const BUNDLE = 'dist/functions/authorizer/index.js';

test('the authorizer, whose cold start every caller may wait for, is at most 200 kB of code', () => {
  expect(statSync(BUNDLE).size).toBeLessThan(200 * 1024);
});

test('it carries no AWS SDK, no client that does all of Redis, and loads nothing later', () => {
  const { sources } = z
    .object({ sources: z.array(z.string()) })
    .parse(JSON.parse(readFileSync(`${BUNDLE}.map`, 'utf8')));
  const packages = new Set(sources.flatMap((source) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? []));
  expect([...packages]).toEqual(['zod']);
});
