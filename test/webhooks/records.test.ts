import * as fc from 'fast-check';
import * as z from 'zod/mini';
import { Trigger } from '../../lambdas/webhooks/records/delivery';
import { EventId, eventId, firstIdAt, hashIn, hashOf, timeIn } from '../../lambdas/webhooks/records/event';
import { messageOf, messageText } from '../../lambdas/webhooks/records/message';

const time = fc.integer({ min: 0, max: 2 ** 45 });

test('ids of events sort as their times, tell them, and hold the hash that finds them', () => {
  fc.assert(
    fc.property(time, time, fc.string(), (a, b, key) => {
      const hash = hashOf('org', key);
      const [first, second] = [eventId(a, hash), eventId(b, hash)];
      expect(EventId.safeParse(first).success).toBe(true);
      expect(first < second).toBe(a < b);
      expect(timeIn(first)).toBe(a);
      expect(hashIn(first)).toBe(hash);
      expect(firstIdAt(a) < first && first < firstIdAt(a + 1)).toBe(true);
    }),
  );
});

test('the same key of another organisation is another event; without a key each is one of its own', () => {
  expect(hashOf('a', 'k')).toBe(hashOf('a', 'k'));
  expect(hashOf('a', 'k')).not.toBe(hashOf('b', 'k'));
  expect(hashOf('a', undefined)).not.toBe(hashOf('a', undefined));
});

test('a message is read as it was written, and what is none is refused', () => {
  const message = {
    organisation: '0a000000-0000-4000-8000-000000000001',
    endpoint: 'we_1',
    event: 'evt_1',
    number: 3,
    trigger: 'retry',
    type: 'a.b',
    expiresAtSeconds: 7,
    body: undefined,
    slotMs: 12,
    again: true,
  } as const;
  expect(messageOf(messageText(message))).toMatchObject(message);
  for (const text of ['', '{}', 'null', messageText({ ...message, organisation: 'x' })])
    expect(() => messageOf(text)).toThrow();
});

const Loose = fc.record(
  {
    o: fc.constantFrom('0a000000-0000-4000-8000-000000000001', '0A000000-0000-4000-8000-00000000000B', 'x', 7),
    e: fc.constantFrom('we_1', '', null),
    v: fc.constantFrom('evt_1', 1),
    n: fc.constantFrom(1, 1.5, '1', 2 ** 60),
    g: fc.constantFrom('event', 'retry', 'other', 0),
    t: fc.constantFrom('a.b', true),
    x: fc.constantFrom(7, -7, 1e300),
    b: fc.constantFrom('{}', '', null, undefined),
    s: fc.constantFrom(12, 0.5, undefined),
    a: fc.constantFrom(1, 0, true, undefined),
    m: fc.constantFrom(1, 2, undefined),
    other: fc.constantFrom('more', undefined),
  },
  { noNullPrototype: true },
);

/** As messages were first read: all of them by zod. */
const Wire = z.object({
  o: z.uuid(),
  e: z.string(),
  v: z.string(),
  n: z.int(),
  g: Trigger,
  t: z.string(),
  x: z.int(),
  b: z.optional(z.string()),
  s: z.optional(z.int()),
  a: z.optional(z.literal(1)),
  m: z.optional(z.literal(1)),
});

test('what is taken for a message is what zod takes for one', () => {
  fc.assert(
    fc.property(Loose, (loose) => {
      const text = JSON.stringify(loose);
      const { success, data } = Wire.safeParse(JSON.parse(text));
      if (!success) expect(() => messageOf(text)).toThrow();
      else
        expect(messageOf(text)).toMatchObject({
          organisation: data.o,
          number: data.n,
          body: data.b,
          again: data.a === 1,
          isMoved: data.m === 1,
        });
    }),
    { numRuns: 5_000 },
  );
});
