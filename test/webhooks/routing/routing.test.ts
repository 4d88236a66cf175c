import * as fc from 'fast-check';
import type { EventView } from '../../../lambdas/webhooks/filter/event-view';
import { compileRouting, type Routed } from '../../../lambdas/webhooks/routing/routing';

const event = (type: string, channel?: string, data: unknown = {}): EventView => ({
  type,
  ...(channel !== undefined && { channel }),
  version: 1,
  timestamp: '2026-01-01T00:00:00Z',
  data,
});
const idsOf = (endpoints: readonly Routed[], of: EventView) =>
  compileRouting(endpoints)
    .route(of)
    .map(({ id }) => id)
    .toSorted();

test.each<[types: readonly string[], taken: readonly string[], others: readonly string[]]>([
  [['invoice.paid'], ['invoice.paid'], ['invoice', 'invoice.paid.late', 'invoice.void', 'Invoice.paid']],
  [['invoice.*'], ['invoice.paid', 'invoice.item.added'], ['invoice', 'invoices.paid', 'invoice-item.added']],
  [['invoice.item.*'], ['invoice.item.added', 'invoice.item.price.set'], ['invoice.item', 'invoice.paid']],
  [['*'], ['invoice', 'invoice.paid', 'a.b.c'], []],
  [
    ['invoice.paid', 'order.*'],
    ['invoice.paid', 'order.sent'],
    ['invoice.void', 'order'],
  ],
  [[], [], ['invoice.paid']],
])('an endpoint of %j takes those types alone', (types, taken, others) => {
  for (const type of taken) expect(idsOf([{ id: 'e', types }], event(type))).toEqual(['e']);
  for (const type of others) expect(idsOf([{ id: 'e', types }], event(type))).toEqual([]);
});

test('an endpoint whose types overlap takes an event once', () => {
  const types = ['*', 'invoice.*', 'invoice.item.*', 'invoice.item.added', 'invoice.item.added'];
  expect(idsOf([{ id: 'e', types }], event('invoice.item.added'))).toEqual(['e']);
});

test('with a channel it takes only what is of that channel; without one, all', () => {
  const endpoints = [
    { id: 'all', types: ['*'] },
    { id: 'eu', types: ['*'], channel: 'eu' },
    { id: 'us', types: ['a.*'], channel: 'us' },
  ];
  expect(idsOf(endpoints, event('a.b', 'eu'))).toEqual(['all', 'eu']);
  expect(idsOf(endpoints, event('a.b', 'us'))).toEqual(['all', 'us']);
  expect(idsOf(endpoints, event('a.b', '__proto__'))).toEqual(['all']);
  expect(idsOf(endpoints, event('a.b'))).toEqual(['all']);
});

test('a filter has the last word, and what is routed to is the very endpoint', () => {
  const large = {
    id: 'large',
    types: ['a.*'],
    url: 'https://x',
    filter: { data: { amount: [{ numeric: ['>', 10] }] } },
  };
  const { route } = compileRouting([large]);
  expect(route(event('a.b', undefined, { amount: 10 }))).toEqual([]);
  const [found] = route(event('a.b', undefined, { amount: 11 }));
  expect(found).toBe(large);
  expect(found?.url).toBe('https://x');
});

const segment = fc.constantFrom('a', 'b', 'c');
const name = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('.'));
const type = fc.oneof(
  name,
  name.map((stem) => `${stem}.*`),
  fc.constant('*'),
);
const channel = fc.option(fc.constantFrom('x', 'y'), { nil: undefined });

const takes = (wanted: string, given: string) =>
  wanted === '*' || (wanted.endsWith('.*') ? given.startsWith(wanted.slice(0, -1)) : given === wanted);

test('whoever it goes to is whom asking each endpoint by itself would find', () => {
  const endpoint = fc.record({ types: fc.array(type, { maxLength: 4 }), channel, value: fc.option(fc.nat(1)) });
  fc.assert(
    fc.property(fc.array(endpoint, { maxLength: 8 }), name, channel, fc.nat(1), (made, of, from, value) => {
      const endpoints = made.map((each, index) => ({
        id: String(index),
        types: each.types,
        ...(each.channel !== undefined && { channel: each.channel }),
        ...(each.value !== null && { filter: { data: { value: [each.value] } } }),
      }));
      const expected = made.flatMap((each, index) =>
        each.types.some((wanted) => takes(wanted, of)) &&
        (each.channel === undefined || each.channel === from) &&
        (each.value === null || each.value === value)
          ? [String(index)]
          : [],
      );
      expect(idsOf(endpoints, event(of, from, { value }))).toEqual(expected);
    }),
    { numRuns: 1_000 },
  );
});
