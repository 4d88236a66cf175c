import { calculateJwkThumbprint } from 'jose';
import { KeyRing, newRing, publicKeys, signingKey, turn } from '../../lambdas/shared/key-ring';

const first = newRing();
const second = turn(first);
const third = turn(second);
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
    (key) => signingKey({ current: key, next: key }).privateKey.asymmetricKeyDetails,
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
