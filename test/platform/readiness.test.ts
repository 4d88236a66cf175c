import type { Probe } from '../../lambdas/platform/readiness';
import { ask } from '../support/handled';
import { captureOutput } from '../support/output';
import { platformHandler } from '../support/platform';

captureOutput();
const SECRET = 'connect ECONNREFUSED db.internal.example:5432 as admin';
const probe = (name: string, needed: boolean, check: Probe['check']): Probe => ({ name, needed, check });
const answers = async () => 'yes';
const refuses = () => Promise.reject(new Error(SECRET));
const isSilent = () => new Promise<never>(() => undefined);

const ready = (...probes: Probe[]) => ask(platformHandler('', ...probes), { resource: '/ready' });

test('ready, when every dependency answers', async () => {
  const { status, text } = await ready(probe('postgres', true, answers), probe('keys', false, answers));
  expect({ status, body: JSON.parse(text) }).toEqual({
    status: 200,
    body: {
      status: 'ready',
      dependencies: [
        { name: 'postgres', needed: true, state: 'up', latencyMs: expect.any(Number) },
        { name: 'keys', needed: false, state: 'up', latencyMs: expect.any(Number) },
      ],
    },
  });
});

test('not ready, with every state and a time to ask again, when a needed dependency fails', async () => {
  const { status, headers, text } = await ready(probe('postgres', true, refuses), probe('redis', true, answers));
  expect({ status, retry: headers['retry-after'] }).toEqual({ status: 503, retry: '5' });
  expect(JSON.parse(text)).toMatchObject({
    code: 'not_ready',
    detail: 'not available: postgres',
    dependencies: [
      { name: 'postgres', state: 'down' },
      { name: 'redis', state: 'up' },
    ],
  });
});

test('ready, when only a dependency fails that is not needed', async () => {
  const { status, text } = await ready(probe('postgres', true, answers), probe('keys', false, refuses));
  expect(status).toBe(200);
  expect(text).toContain('"down"');
});

test('an answer tells no host, user or message of a failed dependency', async () => {
  const { text } = await ready(probe('postgres', true, refuses), probe('keys', false, refuses));
  expect(text).not.toMatch(/ECONNREFUSED|internal\.example|admin/);
});

test('silent dependencies are asked all at once, and down at their deadline', async () => {
  const asked: string[] = [];
  const silent = (name: string) =>
    probe(name, true, () => {
      asked.push(name);
      return isSilent();
    });
  const answer = ready(silent('a'), silent('b'), silent('c'));
  await new Promise(setImmediate);
  // None has come to its deadline yet: nobody waits for the one before.
  expect(asked).toEqual(['a', 'b', 'c']);
  expect((await answer).status).toBe(503);
});

test('a probe that throws before it asks is down, too', async () => {
  const broken = probe('redis', true, () => {
    throw new Error(SECRET);
  });
  expect(await ready(broken)).toMatchObject({ status: 503 });
});

test('the process lives whatever its dependencies do: none is asked', async () => {
  const asked = jest.fn(refuses);
  const { status, text } = await ask(platformHandler('', probe('postgres', true, asked)), { resource: '/health' });
  expect({ status, text, asked: asked.mock.calls.length }).toEqual({ status: 200, text: '{"status":"ok"}', asked: 0 });
});
