import { compileFilter } from '../../../lambdas/webhooks/filter/compile';
import { explainFilter } from '../../../lambdas/webhooks/filter/explain';
import { Filter } from '../../../lambdas/webhooks/filter/filter';
import { cpuMillisecondsOf } from '../cpu';

const event = (data: unknown) => ({ type: 'a', version: 1, timestamp: '2026-01-01T00:00:00Z', data });

/** The largest event there is: 256 kB. */
const LARGEST = 262_144;

const stars = `${'*a'.repeat(15)}*b`;
test.each([
  ['stars between what repeats', stars, 'a'.repeat(LARGEST)],
  ['a long piece that nearly fits everywhere', `*${'a'.repeat(250)}b*`, 'a'.repeat(LARGEST)],
  ['one that fails at its first character', `*b${'a'.repeat(250)}*`, 'a'.repeat(LARGEST)],
  ['one that repeats itself', `*${'ab'.repeat(120)}c*`, 'ab'.repeat(LARGEST / 2)],
  [
    'a period that breaks in the middle',
    `*${'a'.repeat(120)}b${'a'.repeat(120)}*`,
    `${'a'.repeat(119)}b`.repeat(LARGEST / 120),
  ],
])('a wildcard looks through the largest event in the time of a few readings: %s', (_, wildcard, text) => {
  const matches = compileFilter(Filter.parse({ data: { text: [{ wildcard }] } }));
  // A regular expression of `stars` would not end. One reading takes 0.1 ms; the bound leaves room for the compiler.
  expect(cpuMillisecondsOf(() => matches(event({ text })))).toBeLessThan(100);
});

test('all that a filter may hold, against the largest list of texts there is', () => {
  const values = Array.from({ length: 84 }, (_, index) => ({ suffix: { 'equals-ignore-case': `É${index}` } }));
  const filter = Filter.parse({
    data: { texts: [...values, ...Array.from({ length: 8 }, () => ({ wildcard: '*a*b' }))] },
  });
  const texts = Array.from({ length: LARGEST / 8 }, () => 'aaaaa');
  // 3,014,656 comparisons.
  expect(cpuMillisecondsOf(() => compileFilter(filter)(event({ texts })))).toBeLessThan(3_000);
});

test.each(['[', '{"a":'])('an event of nothing but %s exhausts no stack', (opening) => {
  const closing = opening === '[' ? ']' : '}';
  const deep: unknown = JSON.parse(`${opening.repeat(100_000)}1${closing.repeat(100_000)}`);
  for (const pattern of [{ a: [1] }, { a: { b: [1] } }, { a: [{ exists: false }], b: [1] }]) {
    const filter = Filter.parse({ data: pattern });
    expect(compileFilter(filter)(event(deep))).toBe(false);
    expect(compileFilter(filter)(event({ a: deep }))).toBe(false);
    expect(explainFilter(filter, event({ a: deep })).matches).toBe(false);
  }
});
