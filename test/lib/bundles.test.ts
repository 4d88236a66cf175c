import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';

const FUNCTIONS = 'dist/functions';
const codeOf = (name: string) => join(FUNCTIONS, name, 'index.js');

const SourceMap = z.object({ sources: z.array(z.string()) });

/** The packages whose code a function's own file carries. */
function packagesOf(name: string): ReadonlySet<string> {
  const { sources } = SourceMap.parse(JSON.parse(readFileSync(`${codeOf(name)}.map`, 'utf8')));
  return new Set(sources.flatMap((source) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? []));
}

/** What a function's own file reads when it is first needed. */
const laterOf = (name: string) =>
  [...readFileSync(codeOf(name), 'utf8').matchAll(/require\("\.\/([^"]+\.lazy\.js)"\)/g)].map(([, file = '']) => file);

test('the authorizer, whose cold start every caller may wait for, is at most 200 kB of code', () => {
  expect(statSync(codeOf('authorizer')).size).toBeLessThan(200 * 1024);
});

test('it carries no AWS SDK, and loads nothing later', () => {
  expect([...packagesOf('authorizer')]).toEqual(['zod']);
  expect(laterOf('authorizer')).toEqual([]);
});

test('what few requests need is read later: PostgreSQL and what it is asked, powertools, the planner of the graph', () => {
  const guarded = ['load.lazy.js', 'pg.lazy.js', 'powertools.lazy.js'];
  expect(laterOf('tenants').toSorted()).toEqual(guarded);
  expect(laterOf('graph').toSorted()).toEqual([...guarded, 'planner.lazy.js'].toSorted());
});

test.each(readdirSync(FUNCTIONS))('%s carries neither ioredis nor pg, and what it reads later is there', (name) => {
  const packages = packagesOf(name);
  expect(['ioredis', 'pg'].filter((each) => packages.has(each))).toEqual([]);
  expect(laterOf(name).filter((file) => !existsSync(join(FUNCTIONS, name, file)))).toEqual([]);
});
