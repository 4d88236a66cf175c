import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import * as fc from 'fast-check';
import { importKey, vetted } from '../../../lambdas/shared/credentials/jwk';

const rsa = (modulusLength: number, publicExponent = 65_537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey.export({ format: 'jwk' });
const good = { ...rsa(2048), kid: 'good', alg: 'RS256', use: 'sig' };
const ec = { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }), kid: 'ec' };
const ed = { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid: 'ed' };

const kids = (...keys: object[]) => vetted({ keys }, 'RS256').map(({ kid }) => kid);

test.each([
  ['RS256', good],
  ['PS256', { ...good, alg: 'PS256' }],
  ['ES256', ec],
  ['EdDSA', ed],
] as const)('a good key for %s is taken, with nothing but what it verifies with', (algorithm, key) => {
  const [taken] = vetted({ keys: [{ ...key, x5c: ['MIIB'], x5u: 'https://attacker.example' }] }, algorithm);
  expect(taken && importKey(taken, algorithm)).toMatchObject({ type: 'public' });
  expect(Object.keys(taken ?? {})).not.toEqual(expect.arrayContaining(['x5c']));
});

test('keys for something else are passed over', () => {
  const others = [
    { ...good, kid: 'enc', use: 'enc' },
    { ...good, kid: 'other', alg: 'RS512' },
    { ...good, kid: 'signs', key_ops: ['sign'] },
    { ...good, kid: undefined },
    { ...ec, kid: 'curve' },
    { kty: 'oct', kid: 'secret', k: 'c2VjcmV0' },
    'nonsense',
    null,
  ];
  expect(kids(...others.map(Object), good, { ...good, kid: 'verifies', key_ops: ['verify'] })).toEqual([
    'good',
    'verifies',
  ]);
});

const minus = (key: JsonWebKey, change: object) => ({ ...key, kid: 'bad', ...change });

test.each([
  ['of 1024 bits', minus(rsa(1024), {}), 'has 1024 bits'],
  ['with the exponent 3', minus(rsa(2048, 3), {}), 'has an exponent'],
  ['with the exponent 1', minus(good, { e: 'AQ' }), 'has an exponent'],
  ['with an even exponent', minus(good, { e: Buffer.from([1, 0, 2]).toString('base64url') }), 'has an exponent'],
  ['with a huge exponent', minus(good, { e: Buffer.alloc(64, 255).toString('base64url') }), 'has an exponent'],
  ['of 12,288 bits', minus(good, { n: Buffer.alloc(1536, 255).toString('base64url') }), 'has 12288 bits'],
  ['without a modulus', minus(good, { n: undefined }), 'has 0 bits'],
  ['that is published with its private part', minus(good, { d: 'AQAB' }), 'is published with its private part'],
])('a key %s is refused, and the one beside it taken', (_, key, reason) => {
  expect(() => kids(key)).toThrow(`no usable key for RS256; the key "bad" ${reason}`);
  expect(kids(key, good)).toEqual(['good']);
});

test('a point that is not on the curve is no key', () => {
  const off = { ...ec, y: Buffer.alloc(32, 7).toString('base64url') };
  expect(() => vetted({ keys: [off] }, 'ES256')).toThrow('is not a valid key');
});

test('a key of another curve is none', () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' });
  expect(() => vetted({ keys: [{ ...other, kid: 'p384' }] }, 'ES256')).toThrow('is no key for ES256');
});

test('two keys of one name are both refused: either would be a guess', () => {
  expect(() => kids(good, { ...rsa(2048), kid: 'good' })).toThrow('is there twice');
});

test.each([
  ['no object', 'keys', 'has no list of keys'],
  ['no list', { keys: {} }, 'has no list of keys'],
  ['empty', { keys: [] }, 'no usable key'],
  ['longer than 20', { keys: Array.from({ length: 21 }, () => good) }, 'more than 20 keys'],
])('a JWKS that is %s is refused', (_, jwks, reason) => {
  expect(() => vetted(jwks, 'RS256')).toThrow(reason);
});

test('whatever a JWKS holds, there are keys or a reason, and no other failure', () => {
  const member = fc.oneof(fc.jsonValue(), fc.constantFrom('RSA', 'EC', 'sig', 'RS256', good.n, good.e));
  const key = fc.dictionary(fc.constantFrom('kty', 'kid', 'n', 'e', 'alg', 'use', 'crv', 'x', 'y', 'key_ops'), member);
  fc.assert(
    fc.property(fc.array(key, { maxLength: 5 }), (keys) => {
      try {
        return vetted({ keys }, 'RS256').every(({ kty }) => kty === 'RSA');
      } catch (error) {
        return error instanceof Error && error.message.startsWith('the JWKS');
      }
    }),
  );
});
