import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import {
  API_KEY_PATTERN,
  ApiKeyRecord,
  CLIENT_SECRET_PATTERN,
  hashKey,
  isClientSecret,
  keyIdOf,
  matches,
  newApiKey,
  newClientSecret,
  recordId,
} from '../../../lambdas/shared/credentials/api-key';

const PEPPER = 'pepper';
const fixed = (bytes: number) => Buffer.alloc(bytes, 0xab);
const { id, key } = newApiKey('dev', fixed);

test('a key carries its stage, its id, 256 bits and a checksum', () => {
  const unsigned = `ghk_dev_${'ab'.repeat(8)}_${'ab'.repeat(32)}`;
  expect(key.slice(0, -8)).toBe(unsigned);
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
      return new RegExp(`^${API_KEY_PATTERN}$`).test(made.key) && keyIdOf(made.key) === made.id;
    }),
  );
});

const DOCUMENT = readFileSync('docs/identity/keys.md', 'utf8');

test('the expressions that secret scanners are told are those of the code', () => {
  const told = [...DOCUMENT.matchAll(/^(gh[ks]_\[.*)$/gm)].map(([, expression]) => expression);
  expect(told).toEqual([API_KEY_PATTERN, CLIENT_SECRET_PATTERN]);
});

test('the expressions find keys and secrets in the middle of a text', () => {
  const secret = newClientSecret('prod');
  const text = `{"key":"${key}","secret":"${secret}"} ghk_dev_short`;
  const found = [...text.matchAll(new RegExp(`${API_KEY_PATTERN}|${CLIENT_SECRET_PATTERN}`, 'g'))];
  expect(found.map(([match]) => match)).toEqual([key, secret]);
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

test('any other character at any place of any key gives it no id', () => {
  const one = fc.record({ at: fc.nat(), character: fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }) });
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), one, (bytes, { at, character }) => {
      const made = newApiKey('prod', (size) => Buffer.from(bytes.subarray(0, size))).key;
      const place = at % made.length;
      const typo = made.slice(0, place) + character + made.slice(place + 1);
      return typo === made || keyIdOf(typo) === undefined;
    }),
    { numRuns: 5000 },
  );
});

test('any text at all is a key or none, and never a fault', () => {
  const characters = fc.constantFrom(...Array.from('ghks_dev0123456789abcdefz'));
  const like = fc.string({ unit: characters, minLength: 80, maxLength: 110 }).map((rest) => `ghk_dev_${rest}`);
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 200 }), like),
      (text) => keyIdOf(text) === undefined,
    ),
    { numRuns: 5000 },
  );
});

describe('a client secret', () => {
  test('carries its stage, 256 bits and a checksum, and no id', () => {
    const secret = newClientSecret('dev', fixed);
    expect(secret.slice(0, -8)).toBe(`ghs_dev_${'ab'.repeat(32)}`);
    expect(isClientSecret(secret)).toBe(true);
    expect(newClientSecret('dev')).not.toBe(newClientSecret('dev'));
  });

  test('with any other character at any place is none', () => {
    const secret = newClientSecret('dev', fixed);
    const wrong = secret
      .split('')
      .flatMap((was, at) =>
        ['0', '1', 'a', 'f', 'z', '_', 'A', ' ', '\n']
          .filter((other) => other !== was)
          .map((other) => secret.slice(0, at) + other + secret.slice(at + 1)),
      );
    expect(wrong.filter(isClientSecret)).toEqual([]);
    expect([key, `${secret}\n`, secret.toUpperCase(), ''].filter(isClientSecret)).toEqual([]);
  });
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
