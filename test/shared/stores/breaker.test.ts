import { setTimeout as pause } from 'node:timers/promises';
import { type BreakerOptions, breaker, RedisAway } from '../../../lambdas/shared/stores/breaker';

/** A breaker with a clock of its own, and what its probe does next. */
function started(more: Partial<BreakerOptions> = {}) {
  const given = { ms: 1_000_000, probes: 0, changes: [] as string[], probe: async (): Promise<unknown> => 'PONG' };
  const circuit = breaker({
    deadlineMs: 50,
    probeEveryMs: 1_000,
    probe: () => {
      given.probes += 1;
      return given.probe();
    },
    nowMs: () => given.ms,
    onChange: (state) => given.changes.push(state),
    ...more,
  });
  const fail = () => circuit.run(() => Promise.reject(new Error('ECONNREFUSED'))).catch((error: unknown) => error);
  return { given, circuit, fail };
}
const answer = async () => 'OK';
/** Later than any deadline, however long the machine stands still. */
const never = () => new Promise<never>(() => undefined);
const settle = () => pause(1);

test('an answer in time is handed on, and one failure opens it', async () => {
  const { circuit, fail, given } = started();
  expect(await circuit.run(answer)).toBe('OK');
  expect(await fail()).toBeInstanceOf(RedisAway);
  expect({ isOpen: circuit.isOpen, changes: given.changes }).toEqual({ isOpen: true, changes: ['open'] });
});

test('an answer that is late is none; the next late one in a row opens it', async () => {
  const { circuit } = started({ deadlineMs: 10 });
  await expect(circuit.run(never)).rejects.toBeInstanceOf(RedisAway);
  expect(circuit.isOpen).toBe(false);
  await circuit.run(answer);
  await expect(circuit.run(never)).rejects.toBeInstanceOf(RedisAway);
  expect(circuit.isOpen).toBe(false);
  await expect(circuit.run(never)).rejects.toBeInstanceOf(RedisAway);
  expect(circuit.isOpen).toBe(true);
});

test('who cannot do without asks all the same, waits for longer, and closes it with an answer in time', async () => {
  const { circuit, fail } = started({ deadlineMs: 10, nowMs: () => performance.now() });
  expect(await circuit.run(() => pause(50, 'late'), 1_000)).toBe('late');
  await fail();
  expect(circuit.isOpen).toBe(true);
  await expect(circuit.run(never, 20)).rejects.toBeInstanceOf(RedisAway);
  expect(await circuit.run(answer, 1_000)).toBe('OK');
  expect(circuit.isOpen).toBe(false);
});

/** The timer of the deadline is due first; what came meanwhile is read before it counts. */
async function busy() {
  const came = new Promise((resolve) => {
    setImmediate(() => resolve('OK'));
  });
  const until = performance.now() + 40;
  while (performance.now() < until);
  return came;
}

test('an answer that was there while the event loop was busy is in time', async () => {
  const { circuit } = started({ deadlineMs: 10 });
  expect(await circuit.run(busy)).toBe('OK');
});

test('while it is open nothing is sent and nobody waits', async () => {
  const { circuit, fail } = started();
  await fail();
  let sent = 0;
  const send = () => circuit.run(async () => (sent += 1)).catch((error: unknown) => error);
  for (let ask = 0; ask < 100; ask += 1) expect(await send()).toBeInstanceOf(RedisAway);
  expect(sent).toBe(0);
});

test('a probe goes out with a request once in a while, and its answer closes it', async () => {
  const { circuit, fail, given } = started();
  await fail();
  await fail();
  expect(given.probes).toBe(0);
  given.ms += 1_000;
  await Promise.all([fail(), fail(), fail()]);
  await settle();
  expect({ probes: given.probes, isOpen: circuit.isOpen, changes: given.changes }).toEqual({
    probes: 1,
    isOpen: false,
    changes: ['open', 'closed'],
  });
  expect(await circuit.run(answer)).toBe('OK');
});

test.each([
  ['fails', () => Promise.reject(new Error('still away'))],
  ['never comes', () => new Promise(() => undefined)],
])('a probe whose answer %s leaves it open', async (_, probe) => {
  const { circuit, fail, given } = started();
  await fail();
  given.probe = probe;
  given.ms += 1_000;
  await fail();
  await settle();
  expect(circuit.isOpen).toBe(true);
});

test('a probe that is answered late leaves it open, and the next one may close it', async () => {
  const { circuit, fail, given } = started();
  await fail();
  given.probe = async () => {
    given.ms += 51;
  };
  given.ms += 1_000;
  await fail();
  await settle();
  expect(circuit.isOpen).toBe(true);
  given.probe = answer;
  given.ms += 1_000;
  await fail();
  await settle();
  expect(circuit.isOpen).toBe(false);
});
