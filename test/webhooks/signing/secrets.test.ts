import { generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import { parse } from '../../../lambdas/shared/parse';
import {
  living,
  newSigningKeys,
  newSigningSecret,
  OVERLAP_SECONDS,
  OwnSecret,
  rotated,
  SigningKeys,
  secretBytesOf,
  thumbprintOf,
} from '../../../lambdas/webhooks/signing/secrets';

const HOUR_MS = 3_600_000;
const secretsOf = (keys: SigningKeys) => keys.secrets.map(({ secret }) => secret);

test('a new secret is whsec_ and 256 random bits', () => {
  const secrets = Array.from({ length: 100 }, () => newSigningSecret());
  for (const secret of secrets) expect(secretBytesOf(secret)).toHaveLength(32);
  expect(new Set(secrets).size).toBe(100);
  expect(newSigningSecret((size) => Buffer.alloc(size, 1))).toBe(`whsec_${Buffer.alloc(32, 1).toString('base64')}`);
});

test("a caller's own secret is taken from 24 to 64 bytes, in its one spelling", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 80 }), (bytes) => {
      const text = `whsec_${Buffer.from(bytes).toString('base64')}`;
      const fits = bytes.length >= 24 && bytes.length <= 64;
      expect(secretBytesOf(text)).toEqual(fits ? Buffer.from(bytes) : undefined);
      expect(parse(OwnSecret, text).ok).toBe(fits);
    }),
  );
});

const GOOD = `whsec_${Buffer.alloc(25, 5).toString('base64')}`;
test.each([
  ['without its prefix', GOOD.slice(6)],
  ['with another prefix', GOOD.replace('whsec', 'whsk')],
  ['without its padding', GOOD.replace(/=+$/, '')],
  ['with a space', `${GOOD} `],
  ['with a line break', `${GOOD}\n`],
  ['as base64url', `whsec_${'-_'.repeat(20)}`],
  ['with bits that mean nothing', GOOD.replace(/.==$/, 'R==')],
  ['as text', `whsec_${'not base64! '.repeat(4)}`],
])('a secret %s is refused, and not quoted', (_, secret) => {
  const parsed = parse(OwnSecret, secret);
  expect(parsed.ok).toBe(false);
  expect(JSON.stringify(parsed)).not.toContain(secret.slice(8, 24));
});

test('after a rotation the new secret and key sign, the ones before for 24 h more', () => {
  const keys = newSigningKeys();
  const next = rotated(keys, { nowMs: 0 });
  expect(SigningKeys.parse(next)).toEqual(next);
  expect(next.secrets.map(({ expiresAtMs }) => expiresAtMs)).toEqual([undefined, 24 * HOUR_MS]);
  expect(next.keys.map(({ expiresAtMs }) => expiresAtMs)).toEqual([undefined, 24 * HOUR_MS]);
  expect(living(next, 24 * HOUR_MS - 1)).toEqual(next);
  expect(living(next, 24 * HOUR_MS)).toEqual({ secrets: next.secrets.slice(0, 1), keys: next.keys.slice(0, 1) });
});

test('an overlap of nothing ends what was before at once', () => {
  const keys = newSigningKeys();
  const next = rotated(keys, { nowMs: 5, overlapSeconds: 0 });
  expect(next.secrets).toHaveLength(1);
  expect(next.keys).toHaveLength(1);
  expect(secretsOf(next)).not.toEqual(secretsOf(keys));
});

test('five secrets live at most; an overlap of nothing, or time, makes room', () => {
  let keys = newSigningKeys();
  for (let turn = 0; turn < 4; turn += 1) keys = rotated(keys, { nowMs: turn });
  expect(keys.secrets).toHaveLength(5);
  expect(() => rotated(keys, { nowMs: 10 })).toThrow('live already');
  expect(rotated(keys, { nowMs: 10, overlapSeconds: 0 }).secrets).toHaveLength(1);
  expect(rotated(keys, { nowMs: 25 * HOUR_MS }).secrets).toHaveLength(2);
});

test('a secret that lives already is no new one', () => {
  const keys = newSigningKeys(GOOD);
  expect(() => rotated(keys, { nowMs: 0, secret: GOOD })).toThrow('in use');
});

test.each([-1, Number.NaN, OVERLAP_SECONDS.most + 1])('an overlap of %s seconds is refused', (overlapSeconds) => {
  expect(() => rotated(newSigningKeys(), { nowMs: 0, overlapSeconds })).toThrow('overlapSeconds');
});

test('whatever rotations follow each other, one secret does not expire, the newest is first, and none lives longer', () => {
  const turns = fc.array(
    fc.record({ waitMs: fc.nat(9 * 24 * HOUR_MS), overlapSeconds: fc.nat(OVERLAP_SECONDS.most) }),
    {
      maxLength: 8,
    },
  );
  fc.assert(
    fc.property(turns, (list) => {
      let nowMs = 0;
      let keys = newSigningKeys();
      const ends = new Map<string, number>();
      for (const { waitMs, overlapSeconds } of list) {
        nowMs += waitMs;
        if (living(keys, nowMs).secrets.length >= 5) continue;
        for (const { id, expiresAtMs } of keys.secrets) ends.set(id, expiresAtMs ?? nowMs + overlapSeconds * 1000);
        keys = rotated(keys, { nowMs, overlapSeconds });
        expect(keys.secrets.filter(({ expiresAtMs }) => expiresAtMs === undefined)).toEqual(keys.secrets.slice(0, 1));
        for (const { id, expiresAtMs } of keys.secrets.slice(1))
          expect(expiresAtMs).toBeLessThanOrEqual(ends.get(id) ?? 0);
        expect(keys.keys).toHaveLength(keys.secrets.length);
      }
    }),
    { numRuns: 50 },
  );
});

test('the thumbprint of a key is that of its public part', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  expect(thumbprintOf(privateKey)).toBe(thumbprintOf(publicKey));
});
