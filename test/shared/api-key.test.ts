import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { API_KEY, ApiKeyRecord, hashKey, keyIdOf, matches, newApiKey, recordId } from '../../lambdas/shared/api-key';

const PEPPER = 'pepper';
const fixed = (bytes: number) => Buffer.alloc(bytes, 0xab);
const { id, key } = newApiKey('dev', fixed);

test('a key carries its stage, its id, 256 bits and a checksum', () => {
  const unsigned = `ghk_dev_${'ab'.repeat(8)}_${'ab'.repeat(32)}`;
  expect(key.slice(0, -8)).toBe(unsigned);
  expect(API_KEY.exec(key)?.slice(1, 4)).toEqual(['dev', 'ab'.repeat(8), 'ab'.repeat(32)]);
  expect(keyIdOf(key)).toBe(id);
});

test('two keys differ in their ids and in their secrets', () => {
  const [one, other] = [newApiKey('dev'), newApiKey('dev')];
  expect(one.id).not.toBe(other.id);
  expect(one.key.split('_')[3]).not.toBe(other.key.split('_')[3]);
});

test('every new key is spelled as published', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const made = newApiKey('prod', (size) => Buffer.from(bytes.subarray(0, size)));
      return API_KEY.test(made.key) && keyIdOf(made.key) === made.id;
    }),
  );
});

const typos = key.split('').flatMap((character, index) => {
  const before = key.slice(0, index);
  const after = key.slice(index + 1);
  const others = ['0', '1', 'a', 'f', 'z', '_', 'A', ' '].filter((other) => other !== character);
  return [...others.map((other) => before + other + after), before + after, before + character + character + after];
});
const swapped = key
  .slice(1)
  .split('')
  .map((_, index) => key.slice(0, index) + key[index + 1] + key[index] + key.slice(index + 2))
  .filter((other) => other !== key);

test('a wrong, missing or doubled character at any place gives a key no id', () => {
  expect(typos.length).toBeGreaterThan(700);
  expect(typos.filter((typo) => keyIdOf(typo) !== undefined)).toEqual([]);
});

test('two neighbours in the wrong order give a key no id', () => {
  expect(swapped.length).toBeGreaterThan(50);
  expect(swapped.filter((typo) => keyIdOf(typo) !== undefined)).toEqual([]);
});

test.each([
  ['nothing', ''],
  ['a newline after the key', `${key}\n`],
  ['the key in capitals', key.toUpperCase()],
  ['the key after a space', ` ${key}`],
  ['two keys', key + key],
])('%s is no key', (_, text) => {
  expect(keyIdOf(text)).toBeUndefined();
});

describe('against its record', () => {
  const organisation = '3f0c9a52-8a35-4f0e-9d0a-6f0f1f5f7c11';
  const record: ApiKeyRecord = { hash: hashKey(key, PEPPER), organisation };

  test('what is kept is HMAC-SHA256 of the whole key under the pepper', () => {
    expect(record.hash).toBe(createHmac('sha256', PEPPER).update(key).digest('hex'));
    expect(JSON.stringify(record)).not.toContain('ab'.repeat(8));
    expect(recordId(id)).toBe(`key#${id}`);
  });

  test('the key matches', () => {
    expect(matches(key, PEPPER, ApiKeyRecord.parse(JSON.parse(JSON.stringify(record))))).toBe(true);
  });

  test.each([
    ['another key', newApiKey('dev').key, PEPPER, record],
    ['another pepper', key, 'salt', record],
    ['a shorter hash', key, PEPPER, { ...record, hash: record.hash.slice(0, -2) }],
    ['an empty hash', key, PEPPER, { ...record, hash: '' }],
    ['a hash that is no hex', key, PEPPER, { ...record, hash: 'z'.repeat(64) }],
  ])('%s does not match', (_, presented, pepper, kept) => {
    expect(matches(presented, pepper, kept)).toBe(false);
  });
});
