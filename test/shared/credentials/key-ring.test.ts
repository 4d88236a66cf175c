import { calculateJwkThumbprint } from 'jose';
import {
  KeyRing,
  knownKeys,
  newRing,
  PUBLISHED_FIRST_SECONDS,
  publicKeys,
  RETIRED_SECONDS,
  signingKey,
  turn,
} from '../../../lambdas/shared/credentials/key-ring';

const first = newRing();
const T0 = 1_800_000_000;
const MONTH = 30 * 86_400;
const second = turn(first, T0);
const third = turn(second, T0 + MONTH);
const kids = (ring: KeyRing) => publicKeys(ring).keys.map(({ kid }) => kid);

test('the next key signs after a turn', () => {
  expect(signingKey(second).kid).toBe(first.next.kid);
  expect(signingKey(third).kid).toBe(second.next.kid);
});

test('a key is published before it signs and for one turn after it has stopped', () => {
  expect(kids(first)).toEqual([first.current.kid, first.next.kid]);
  expect(kids(second)).toEqual([first.next.kid, second.next.kid, first.current.kid]);
  expect(kids(third)).toEqual([second.next.kid, third.next.kid, first.next.kid]);
});

test('a key that stopped is kept as long as one of its tokens may live, however many turns that takes', () => {
  const soon = turn(second, T0 + PUBLISHED_FIRST_SECONDS);
  expect(kids(soon)).toEqual([second.next.kid, soon.next.kid, first.next.kid, first.current.kid]);
  const later = turn(soon, T0 + 2 * PUBLISHED_FIRST_SECONDS);
  expect(2 * PUBLISHED_FIRST_SECONDS).toBeGreaterThan(RETIRED_SECONDS);
  expect(kids(later).slice(2)).toEqual([second.next.kid, first.next.kid]);
});

test('a key does not sign before everybody who caches the published ones can know it', () => {
  for (const seconds of [0, 1, PUBLISHED_FIRST_SECONDS - 1])
    expect(() => turn(second, T0 + seconds)).toThrow(`rotate again in ${PUBLISHED_FIRST_SECONDS - seconds} s`);
  expect(turn(second, T0 + PUBLISHED_FIRST_SECONDS).current.kid).toBe(second.next.kid);
});

test('a ring that was held up counts from when it came into force, not from when it was made', () => {
  const inForce = T0 + 5_000;
  expect(() => turn(second, inForce + 10, inForce)).toThrow('rotate again');
  const next = turn(second, inForce + PUBLISHED_FIRST_SECONDS, inForce);
  expect(next.retired.map(({ stoppedAtSeconds }) => stoppedAtSeconds)).toEqual([
    inForce + PUBLISHED_FIRST_SECONDS,
    inForce,
  ]);
});

test('the next key of a first ring was published with it, and may sign at once', () => {
  expect(turn(first, T0, T0 - 1).current.kid).toBe(first.next.kid);
});

const publishedAt = (seconds: number) => publicKeys(second, T0 + seconds).keys.map(({ kid }) => kid);

test('the published keys lose one that stopped a rotation’s longest time and a token’s life ago', () => {
  expect(publishedAt(RETIRED_SECONDS + 3599)).toContain(first.current.kid);
  expect(publishedAt(RETIRED_SECONDS + 3600)).not.toContain(first.current.kid);
});

test('authorizers are told until when each retired key verifies', () => {
  const soon = turn(second, T0 + PUBLISHED_FIRST_SECONDS);
  const untils = (stoppedAt?: number) => knownKeys(soon, stoppedAt).keys.map(({ until }) => until);
  expect(untils()).toEqual([undefined, undefined, undefined, T0 + RETIRED_SECONDS]);
  expect(untils(T0 + 700)).toEqual([undefined, undefined, T0 + 700 + RETIRED_SECONDS, T0 + RETIRED_SECONDS]);
});

test('a ring of an earlier release is read, and its previous key kept for another turn', () => {
  const [, , previous] = publicKeys(second).keys;
  const { publishedAtSeconds: _, ...next } = second.next;
  const old = KeyRing.parse(JSON.stringify({ current: second.current, next, previous }));
  expect(kids(old)).toEqual(kids(second));
  const turned = turn(old, T0);
  expect(kids(turned)).toEqual([next.kid, turned.next.kid, second.current.kid, previous?.kid]);
});

test('each turn brings a key that was never there', () => {
  expect(new Set([first.current, first.next, second.next, third.next].map(({ kid }) => kid)).size).toBe(4);
});

test('a kid is the RFC 7638 thumbprint of its key', async () => {
  const { keys } = publicKeys(third);
  expect(await Promise.all(keys.map((key) => calculateJwkThumbprint(key)))).toEqual(keys.map(({ kid }) => kid));
});

test('published keys hold nothing of a private key', () => {
  for (const key of publicKeys(third).keys)
    expect(Object.keys(key).toSorted()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
});

test('keys have 2048 bits and the exponent 65537', () => {
  const details = [first.current, first.next].map(
    (key) => signingKey({ current: key }).privateKey.asymmetricKeyDetails,
  );
  expect(details).toEqual([1, 2].map(() => ({ modulusLength: 2048, publicExponent: 65537n })));
});

test('a ring reads back from the text it is kept as', () => {
  expect(KeyRing.parse(JSON.stringify(third))).toEqual(third);
});

test.each([
  ['no JSON', '-----BEGIN PRIVATE KEY----- hunter2'],
  ['another shape', '{"current":"hunter2"}'],
])('an error about a ring that is %s does not quote it', (_, text) => {
  const { success, error } = KeyRing.safeParse(text);
  expect(success).toBe(false);
  expect(`${error?.message} ${JSON.stringify(error?.issues)}`).not.toMatch(/hunter2|BEGIN/);
});
