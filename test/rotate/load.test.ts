import { createPublicKey, randomUUID } from 'node:crypto';
import { signingKeysOf } from '../../lambdas/auth/signing-keys';
import { authorizer } from '../../lambdas/authorizer/answer';
import { credentialIdentity } from '../../lambdas/authorizer/credential';
import { signingKeys } from '../../lambdas/rotate/signing-keys';
import { JWKS_RECORD, type Jwks, signToken, verifyToken } from '../../lambdas/shared/credentials/jwt';
import { PUBLISHED_FIRST_SECONDS } from '../../lambdas/shared/credentials/key-ring';
import { ACCESS_TOKEN_SECONDS, JWKS_MAX_AGE_SECONDS } from '../../lambdas/shared/credentials/lifetimes';
import { putRecord } from '../../lambdas/shared/stores/records';
import { authorizerEvent } from '../support/authorizer-event';
import { KEYS_TABLE, startAws, type TestAws } from '../support/aws';
import { captureOutput } from '../support/output';
import { startRedis, type TestRedis } from '../support/redis';
import { goodClaims, ISSUER } from '../support/tokens';
import { rotationOf, SECRET, STEPS } from './rotation';

const output = captureOutput();
let aws: TestAws;
let redis: TestRedis;
beforeAll(async () => {
  [aws, redis] = await Promise.all([startAws(), startRedis()]);
}, 30_000);
afterAll(() => Promise.all([aws.stop(), redis.stop()]));

const START = 1_800_000_000;
const ENVIRONMENTS = 3;
const STEP_SECONDS = 13;

const fetchKeys = async () => ({ ok: false as const, detail: '' });

/** A service behind the gateway that keeps our JWKS for as long as it may. */
function consumer(jwks: () => Promise<Jwks>, nowSeconds: () => number) {
  let known: Jwks = { keys: [] };
  let fetchedAt = Number.NEGATIVE_INFINITY;
  return async (token: string) => {
    if (nowSeconds() - fetchedAt >= JWKS_MAX_AGE_SECONDS) [known, fetchedAt] = [await jwks(), nowSeconds()];
    const keys = new Map(
      known.keys.map(({ kid, kty, n, e }) => [kid, createPublicKey({ key: { kty, n, e }, format: 'jwk' })]),
    );
    return verifyToken(token, keys, { issuer: ISSUER, nowSeconds: nowSeconds() }).ok;
  };
}

test('rotations in the middle of a load run: no request is refused, here or by whoever caches our keys', async () => {
  let nowSeconds = START;
  const nowMs = () => nowSeconds * 1000;
  const records = { redis: redis.client, table: KEYS_TABLE };
  aws.setSecret(SECRET, '{"keys":[]}');
  const rotation = rotationOf(
    aws,
    signingKeys(
      (keys) => putRecord(records, JWKS_RECORD, keys),
      () => nowSeconds,
    ),
  );
  await rotation.rotate(randomUUID());

  const range = Array.from({ length: ENVIRONMENTS }, (_, index) => index);
  const issuers = range.map(() => signingKeysOf(SECRET, nowMs));
  const authorizers = range.map(() =>
    authorizer(credentialIdentity({ records, pepperSecret: 'pepper', fetchKeys, nowMs })),
  );
  const consumers = issuers.map((issuer) =>
    consumer(
      async () => (await issuer()).published,
      () => nowSeconds,
    ),
  );
  const alive: { token: string; exp: number }[] = [];
  const kids = new Set<string>();
  let requests = 0;

  const load = async () => {
    for (const [index, issuer] of issuers.entries()) {
      const { signing } = await issuer();
      const exp = nowSeconds + ACCESS_TOKEN_SECONDS;
      const claims = { ...goodClaims, jti: randomUUID(), iat: nowSeconds, nbf: nowSeconds, exp };
      alive.push({ token: signToken(claims, signing.kid, signing.privateKey), exp });
      kids.add(signing.kid);
      while (alive[0] && alive[0].exp <= nowSeconds) alive.shift();
      // The newest, the oldest and one between, by every environment and every consumer.
      for (const { token } of [alive.at(-1), alive[0], alive[alive.length >> 1]].flatMap((each) => each ?? [])) {
        for (const handler of authorizers) await handler(authorizerEvent({ Authorization: `Bearer ${token}` }));
        expect(await consumers[index]?.(token)).toBe(true);
        requests += authorizers.length + 1;
      }
    }
  };

  let rotations = 0;
  // As often as rotation is possible at all, each stretched over several rounds of load.
  for (let round = 0; rotations < 4; round += 1) {
    const isTime = round > 0 && (nowSeconds - START) % (PUBLISHED_FIRST_SECONDS + 14 * STEP_SECONDS) < STEP_SECONDS;
    if (isTime) {
      const token = randomUUID();
      rotation.begin(token);
      for (const step of STEPS) {
        await rotation.step(step, token);
        await load();
        nowSeconds += STEP_SECONDS;
      }
      rotations += 1;
    }
    await load();
    nowSeconds += STEP_SECONDS;
  }
  for (const end = nowSeconds + ACCESS_TOKEN_SECONDS; nowSeconds < end; nowSeconds += 60) await load();
  expect(kids.size).toBe(5);
  expect(requests).toBeGreaterThan(5_000);
  expect(output.text()).not.toContain('refused');
});
