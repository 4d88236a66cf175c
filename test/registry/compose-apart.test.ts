import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Bounds, composeApart } from '../../lambdas/registry/compose-apart';
import type { Service } from '../../lambdas/registry/composed';
import { federated, NEWS, PRODUCTS, urlOf } from './support';

/** The worker as it stands in the sources. */
const WORKER = join(__dirname, '../../lambdas/registry/compose.worker.ts');
const started: Worker[] = [];
function start({ megabytes }: Bounds): Worker {
  const worker = new Worker(`require('tsx/cjs'); require(${JSON.stringify(WORKER)})`, {
    eval: true,
    resourceLimits: { maxOldGenerationSizeMb: megabytes },
  });
  started.push(worker);
  return worker;
}
beforeEach(() => started.splice(0));

const service = (name: string, sdl: string): Service => ({ name, url: urlOf(name), sdl });
const GOOD = [service('products', PRODUCTS), service('news', NEWS)];

/** Every subgraph resolves every entity: what can be reached from where grows with the product of both. */
const shared = (subgraphs: number, entities: number): Service[] =>
  Array.from({ length: subgraphs }, (_, s) => {
    const types = Array.from(
      { length: entities },
      (_entity, e) => `type E${e} @key(fields: "id") { id: ID! f${s}: Int n${s}: E${(e + 1) % entities} }`,
    );
    return service(`s${s}`, federated(`type Query { q${s}: E0 }\n${types.join('\n')}`));
  });

const TOO_COMPLEX = { ok: false, errors: [expect.objectContaining({ code: 'TOO_COMPLEX' })] };

test('subgraphs are composed in a thread that is kept', async () => {
  const compose = composeApart(start);
  const expected = { ok: true, supergraph: expect.stringContaining('join__Graph'), apiSchema: expect.any(String) };
  expect(await compose(GOOD)).toEqual(expected);
  expect(await compose(GOOD)).toEqual(expected);
  expect(await compose([service('broken', 'type Query {')])).toMatchObject({ ok: false });
  expect(await compose([])).toEqual({ ok: true, supergraph: '', apiSchema: '' });
  expect(started).toHaveLength(1);
}, 20_000);

test('subgraphs that take too long are refused in time, and the next ones are composed', async () => {
  const compose = composeApart(start, { milliseconds: 3_000, megabytes: 1_400 });
  const began = performance.now();
  expect(await compose(shared(30, 50))).toEqual(TOO_COMPLEX);
  expect(performance.now() - began).toBeLessThan(4_500);
  expect(await compose(GOOD)).toMatchObject({ ok: true });
  expect(started).toHaveLength(2);
}, 20_000);

test('subgraphs that take too much memory are refused, and the next ones are composed', async () => {
  const compose = composeApart(start, { milliseconds: 30_000, megabytes: 80 });
  expect(await compose(shared(30, 50))).toEqual(TOO_COMPLEX);
  expect(await compose(GOOD)).toMatchObject({ ok: true });
}, 40_000);

test('a thread that cannot start is a fault of ours, and is told as one', async () => {
  const compose = composeApart(() => new Worker('throw new Error("no such file")', { eval: true }));
  await expect(compose(GOOD)).rejects.toThrow('no such file');
  await expect(compose(GOOD)).rejects.toThrow('no such file');
});
