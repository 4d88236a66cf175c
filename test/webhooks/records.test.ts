import * as fc from 'fast-check';
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
