import { randomUUID } from 'node:crypto';
import type { Renewal } from '../../lambdas/rotate/rotate';
import { signingKeys } from '../../lambdas/rotate/signing-keys';
import { type KnownJwks, signToken, verificationKeys, verifyToken } from '../../lambdas/shared/credentials/jwt';
import {
  KeyRing,
  knownKeys,
  newRing,
  PUBLISHED_FIRST_SECONDS,
  publicKeys,
  RETIRED_SECONDS,
  signingKey,
} from '../../lambdas/shared/credentials/key-ring';
import { startAws, type TestAws } from '../support/aws';
import { goodClaims, ISSUER, NOW_SECONDS } from '../support/tokens';
import { rotationOf, SECRET, STEPS } from './rotation';

let aws: TestAws;
beforeAll(async () => {
  aws = await startAws();
}, 30_000);
afterAll(() => aws.stop());

let nowSeconds = NOW_SECONDS;
beforeEach(() => {
  nowSeconds = NOW_SECONDS;
});

/** Made once: four RSA keys for every test would take seconds. */
const first = newRing();

function started(initial: string = JSON.stringify(first)) {
  aws.setSecret(SECRET, initial);
  const published: KnownJwks[] = [];
  const renewal = signingKeys(
    async (keys) => void published.push(keys),
    () => nowSeconds,
  );
  const rotation = rotationOf(aws, renewal);
  const ring = () => KeyRing.parse(rotation.current());
  return { ...rotation, published, renewal, ring, kids: () => published.map(({ keys }) => keys.map(({ kid }) => kid)) };
}

test("a new deployment's secret gets its first ring", async () => {
  const { rotate, ring, published } = started('{"keys":[],"unused":"x"}');
  await rotate(randomUUID());
  expect(published).toEqual([publicKeys(ring()), publicKeys(ring())]);
});

test('twice in a row, each key is published by one rotation before the next lets it sign', async () => {
  const { rotate, ring, kids } = started();
  await rotate(randomUUID());
  expect(ring().current.kid).toBe(first.next.kid);
  nowSeconds += PUBLISHED_FIRST_SECONDS;
  await rotate(randomUUID());
  expect(kids()[0]).toContain(ring().current.kid);
});

test('a rotation that is asked for before everybody can know the next key fails and says when to come again', async () => {
  const { rotate, ring } = started();
  await rotate(randomUUID());
  const before = ring();
  nowSeconds += PUBLISHED_FIRST_SECONDS - 7;
  const token = randomUUID();
  await expect(rotate(token)).rejects.toThrow('must be known everywhere before it signs: rotate again in 7 s');
  expect(ring()).toEqual(before);
  nowSeconds += 7;
  await rotate(token);
  expect(ring().current.kid).toBe(before.next.kid);
});

const untilOf = (keys: KnownJwks | undefined) => keys?.keys.find(({ kid }) => kid === first.current.kid)?.until;

test('authorizers are told when the old key may be forgotten once it has stopped, and not before', async () => {
  const { begin, step, published } = started();
  const token = randomUUID();
  begin(token);
  for (const name of ['createSecret', 'setSecret', 'testSecret'] as const) await step(name, token);
  expect(untilOf(published.at(-1))).toBeUndefined();
  // Held up for hours: the old key signs until the new ring counts.
  nowSeconds += 9_000;
  await step('finishSecret', token);
  expect(untilOf(published.at(-1))).toBe(nowSeconds + RETIRED_SECONDS);
});

test('while it rotates the old key signs, and what is published verifies it before and after', async () => {
  const { begin, step, ring, published } = started();
  const token = randomUUID();
  begin(token);
  for (const name of STEPS) {
    await step(name, token);
    const { kid, privateKey } = signingKey(ring());
    const known = verificationKeys(published[0] ?? publicKeys(first));
    const result = verifyToken(signToken(goodClaims, kid, privateKey), known, {
      issuer: ISSUER,
      nowSeconds: NOW_SECONDS,
    });
    expect({ name, ok: result.ok, kid }).toEqual({
      name,
      ok: true,
      kid: name === 'finishSecret' ? first.next.kid : first.current.kid,
    });
  }
  const { kid, privateKey } = signingKey(first);
  const old = verifyToken(signToken(goodClaims, kid, privateKey), verificationKeys(publicKeys(ring())), {
    issuer: ISSUER,
    nowSeconds: NOW_SECONDS,
  });
  expect(old.ok).toBe(true);
});

test('every step may be repeated and changes nothing more', async () => {
  const { rotate, ring, pending, published } = started();
  const token = randomUUID();
  await rotate(token, ['createSecret']);
  const made = pending();
  await rotate(token, ['createSecret', 'setSecret', 'setSecret', 'testSecret', 'testSecret']);
  expect(pending()).toBe(made);
  await rotate(token, ['finishSecret', 'finishSecret', ...STEPS]);
  expect(ring()).toEqual(KeyRing.parse(made));
  const [pendingKeys, currentKeys] = [knownKeys(KeyRing.parse(made)), knownKeys(KeyRing.parse(made), nowSeconds)];
  expect(new Set(published.map((keys) => JSON.stringify(keys)))).toEqual(
    new Set([JSON.stringify(pendingKeys), JSON.stringify(currentKeys)]),
  );
});

test('a rotation that cannot publish leaves the current ring, and the next attempt goes on with the same keys', async () => {
  aws.setSecret(SECRET, JSON.stringify(first));
  let isDown = true;
  const renewal = signingKeys(
    async () => {
      if (isDown) throw new Error('the store is down');
    },
    () => nowSeconds,
  );
  const { rotate, current, pending } = rotationOf(aws, renewal);
  const token = randomUUID();
  await expect(rotate(token)).rejects.toThrow('the store is down');
  expect(KeyRing.parse(current())).toEqual(first);
  const made = pending();
  isDown = false;
  await rotate(token);
  expect(current()).toBe(made);
});

test('a version of a rotation that was called off is not taken for the new one', async () => {
  const { rotate, step, ring, pending } = started();
  await rotate(randomUUID(), ['createSecret']);
  const stale = KeyRing.parse(pending());
  const token = randomUUID();
  for (const name of STEPS) await step(name, token);
  expect(ring().current.kid).toBe(first.next.kid);
  expect(ring().next.kid).not.toBe(stale.next.kid);
});

test.each(STEPS.slice(1))('%s without a version to work on fails and says so', async (step) => {
  const rotation = started();
  const token = randomUUID();
  await expect(rotation.rotate(token, [step])).rejects.toThrow(`${step}: createSecret has made no version ${token}`);
  expect(rotation.ring()).toEqual(first);
});

test('a ring whose published key does not verify what it signs is not put into force', async () => {
  const { kid } = first.next;
  const renewal: Renewal = {
    ...signingKeys(
      async () => undefined,
      () => nowSeconds,
    ),
    next: () => JSON.stringify({ current: { ...first.current, kid }, next: first.next }),
  };
  aws.setSecret(SECRET, JSON.stringify(first));
  const { rotate, current } = rotationOf(aws, renewal);
  await expect(rotate(randomUUID())).rejects.toThrow('does not verify what it signs');
  expect(KeyRing.parse(current())).toEqual(first);
});

test('no error quotes the secret', async () => {
  aws.setSecret(SECRET, JSON.stringify(first));
  const renewal: Renewal = {
    ...signingKeys(
      async () => undefined,
      () => nowSeconds,
    ),
    next: () => 'hunter2',
  };
  const error = await rotationOf(aws, renewal).rotate(randomUUID()).catch(String);
  expect(error).toContain('json');
  expect(error).not.toContain('hunter2');
});
