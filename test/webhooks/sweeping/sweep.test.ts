import type { Due } from '../../../lambdas/webhooks/sweeping/due';
import { sweep } from '../../../lambdas/webhooks/sweeping/sweep';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
const dueAt = (pk: string): Due => ({ pk, sk: 's', at: new Date(NOW_MS).toISOString() });

/** Shard 0 has these things, in pages of two. */
const waitsOf = (things: readonly Due[]) => ({
  due: (shard: number, _untilMs: number, after: Readonly<Record<string, string | number>> | undefined) => {
    const from = Number(after?.from ?? 0);
    const isLast = shard > 0 || from + 2 >= things.length;
    const items = shard === 0 ? things.slice(from, from + 2) : [];
    return Promise.resolve({ items, last: isLast ? undefined : { from: from + 2 } });
  },
  oldest: () => Promise.resolve([]),
});

test('all pages of what is due are seen to by those responsible, and what fails does not stop the others', async () => {
  const seen: string[] = [];
  const see = ({ pk }: Due) => {
    if (pk === 'state#2') return Promise.reject(new Error('broken'));
    seen.push(pk);
    return Promise.resolve();
  };
  const things = ['state#1', 'state#2', 'deliveries#3', 'unknown#4', 'deliveries#5'].map(dueAt);
  const swept = sweep(
    { waits: waitsOf(things), nowMs: () => NOW_MS },
    { 'state#': see, 'deliveries#': see },
    NOW_MS + 1,
  );
  await expect(swept).rejects.toThrow('2 things that are due were not seen to');
  expect(seen).toEqual(['state#1', 'deliveries#3', 'deliveries#5']);
});

test('a run whose time is over leaves the rest to the next one', async () => {
  let nowMs = NOW_MS;
  const seen: string[] = [];
  const see = ({ pk }: Due) => {
    seen.push(pk);
    nowMs += 1_000;
    return Promise.resolve();
  };
  const things = Array.from({ length: 10 }, (_, n) => dueAt(`state#${n}`));
  await sweep({ waits: waitsOf(things), nowMs: () => nowMs }, { 'state#': see }, NOW_MS + 3_000);
  expect(seen.length).toBeGreaterThanOrEqual(3);
  expect(seen.length).toBeLessThan(6);
});
