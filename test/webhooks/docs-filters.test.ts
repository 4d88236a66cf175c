import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { compileFilter } from '../../lambdas/webhooks/filter/compile';
import { explainFilter } from '../../lambdas/webhooks/filter/explain';
import { Filter } from '../../lambdas/webhooks/filter/filter';

const GUIDE = readFileSync('docs/webhooks/filters.md', 'utf8');
const blocks = (kind: string): unknown[] =>
  [...GUIDE.matchAll(new RegExp(`\`\`\`json ${kind}\n([^]*?)\`\`\``, 'g'))].map(([, text = '']) => JSON.parse(text));

const EventView = z.strictObject({
  type: z.string(),
  channel: z.string(),
  version: z.number(),
  timestamp: z.string(),
  data: z.unknown(),
});
const event = EventView.parse(blocks('event')[0]);

test('there is one event, and enough to say of it', () => {
  expect(blocks('event')).toHaveLength(1);
  expect(blocks('matches').length).toBeGreaterThan(7);
  expect(blocks('differs').length).toBeGreaterThan(3);
});

test.each([
  ...blocks('matches').map((filter) => [true, filter]),
  ...blocks('differs').map((filter) => [false, filter]),
])('as the guide says: %s of %j', (matches, pattern) => {
  const filter = Filter.parse(pattern);
  expect(compileFilter(filter)(event)).toBe(matches);
  expect(explainFilter(filter, event).matches).toBe(matches);
});

/** The third column of the table of operators. */
const inTable = [...GUIDE.matchAll(/\| `(\[.*\])` \|$/gm)].map(([, text = '']): unknown => JSON.parse(text));

test('what the table of operators shows can be said', () => {
  expect(inTable).toHaveLength(9);
  for (const value of inTable) expect(Filter.safeParse({ data: { field: value } }).success).toBe(true);
});
