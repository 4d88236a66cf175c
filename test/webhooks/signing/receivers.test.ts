import { createPublicKey, verify as verifyBytes } from 'node:crypto';
import { verify as verifyGithub, verifyWithFallback } from '@octokit/webhooks-methods';
import { Webhook } from 'standardwebhooks';
import StripeSdk from 'stripe';
import { publicKeysOf } from '../../../lambdas/webhooks/signing/jwks';
import { newSigningKeys, rotated } from '../../../lambdas/webhooks/signing/secrets';
import { SIGNATURE_STYLES, signer } from '../../../lambdas/webhooks/signing/sign';

const stripe = new StripeSdk('sk_test_nothing');
const MESSAGES = 10_000;
const SECOND = 1000;
/** All of it within the five minutes that the libraries tolerate. */
const began = Date.now() - 200 * SECOND;
const rotatedAt = began + 100 * SECOND;
const overlapSeconds = 150;
const overlapEnds = rotatedAt + overlapSeconds * SECOND;
const ends = overlapEnds + 100 * SECOND;

const before = newSigningKeys();
const after = rotated(before, { nowMs: rotatedAt, overlapSeconds });
const [old = '', young = ''] = [before.secrets[0]?.secret, after.secrets[0]?.secret];

/** What a receiver holds at a time: the old secret as long as it may, both during the overlap, the new one at last. */
const receivers = [
  { knows: [old], from: began, to: overlapEnds },
  { knows: [young, old], from: began, to: ends },
  { knows: [young], from: rotatedAt, to: ends },
];

const isVerified = (attempt: () => unknown) => {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
};

const message = (index: number) => {
  const nowMs = began + Math.floor((index * (ends - began)) / MESSAGES);
  const body = JSON.stringify({
    type: 'invoice.paid',
    data: { index, name: 'Größe — 日本', note: 'x'.repeat(index % 400) },
  });
  return { messageId: `evt_${index}`, timestampSeconds: Math.floor(nowMs / SECOND), body, nowMs, asymmetric: false };
};

test('10,000 signatures across a rotation are verified by what receivers use, whichever secret they hold', async () => {
  const sign = { before: signer(before), after: signer(after) };
  const counts = { verified: 0, failed: [] as string[] };
  const note = (what: string, ok: boolean) => (ok ? (counts.verified += 1) : counts.failed.push(what));
  for (let index = 0; index < MESSAGES; index += 1) {
    const style = SIGNATURE_STYLES[index % SIGNATURE_STYLES.length] ?? 'standard';
    const { nowMs, ...rest } = message(index);
    const signing = nowMs < rotatedAt ? sign.before : sign.after;
    const headers = { ...signing.headersOf({ ...rest, nowMs, style }).headers };
    for (const { knows } of receivers.filter(({ from, to }) => nowMs >= from && nowMs < to)) {
      const standard = knows.some((secret) => isVerified(() => new Webhook(secret).verify(rest.body, headers)));
      note(`standard ${index}`, standard);
      if (style === 'stripe') {
        const shown = headers['stripe-signature'] ?? '';
        note(
          `stripe ${index}`,
          knows.some((secret) => isVerified(() => stripe.webhooks.constructEvent(rest.body, shown, secret))),
        );
      }
      // One signature for two secrets: who holds the new one alone waits for the end of the overlap.
      if (style === 'github' && (knows.length > 1 || knows[0] === old || nowMs >= overlapEnds)) {
        const [first = '', ...others] = knows;
        const shown = headers['x-hub-signature-256'] ?? '';
        const ok =
          others.length > 0
            ? await verifyWithFallback(first, rest.body, shown, others)
            : await verifyGithub(first, rest.body, shown);
        note(`github ${index}`, ok === true);
      }
    }
  }
  expect(counts.failed).toEqual([]);
  expect(counts.verified).toBeGreaterThan(MESSAGES * 2);
});

test('a receiver refuses an altered body, another secret, and the old secret once its overlap is over', () => {
  const { nowMs, ...rest } = message(MESSAGES - 1);
  const { headers } = signer(after).headersOf({ ...rest, nowMs, style: 'standard' });
  expect(isVerified(() => new Webhook(young).verify(rest.body, headers))).toBe(true);
  expect(isVerified(() => new Webhook(young).verify(`${rest.body} `, headers))).toBe(false);
  expect(isVerified(() => new Webhook(old).verify(rest.body, headers))).toBe(false);
  const other = newSigningKeys().secrets[0]?.secret ?? '';
  expect(isVerified(() => new Webhook(other).verify(rest.body, headers))).toBe(false);
});

test('v1a is verified with node:crypto from the JWKS, by its old and by its new key during an overlap', () => {
  const cached = publicKeysOf(before, began).keys;
  const sign = signer(after);
  for (let index = 0; index < 300; index += 1) {
    const { nowMs, ...rest } = message(Math.floor(MESSAGES / 3) + index * 20);
    if (nowMs < rotatedAt) continue;
    const { headers } = sign.headersOf({ ...rest, nowMs, style: 'standard', asymmetric: true });
    const content = Buffer.from(`${rest.messageId}.${rest.timestampSeconds}.${rest.body}`);
    const shown = (headers['webhook-signature'] ?? '')
      .split(' ')
      .filter((one) => one.startsWith('v1a,'))
      .map((one) => Buffer.from(one.slice(4), 'base64'));
    const verifies = (jwk: (typeof cached)[number]) =>
      shown.some((one) => verifyBytes(null, content, createPublicKey({ key: { ...jwk }, format: 'jwk' }), one));
    const published = publicKeysOf(after, nowMs).keys;
    expect(published.every(verifies)).toBe(true);
    expect(cached.some(verifies)).toBe(nowMs < overlapEnds);
    expect(published).toHaveLength(nowMs < overlapEnds ? 2 : 1);
  }
});

test('the JWKS holds public parts alone', () => {
  for (const key of publicKeysOf(after, rotatedAt).keys)
    expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
});
