import { signingKeysOf } from '../../lambdas/auth/signing-keys';
import { newRing, turn } from '../../lambdas/shared/credentials/key-ring';
import { captureOutput } from '../support/output';

const output = captureOutput();
const ring = newRing();
const turned = turn(ring, 0);

/** The keys of a secret that can be changed and taken down, and counts how often it is read. */
function started(text: string | Error = JSON.stringify(ring)) {
  const secret = { text, reads: 0, nowMs: 0 };
  const keys = signingKeysOf(
    'signing-keys',
    () => secret.nowMs,
    async () => {
      secret.reads += 1;
      if (secret.text instanceof Error) throw secret.text;
      return secret.text;
    },
  );
  return { secret, signs: async () => (await keys()).signing.kid };
}

test('the secret is read once a minute, so that a turn of the ring is seen within it', async () => {
  const { secret, signs } = started();
  await signs();
  secret.text = JSON.stringify(turned);
  secret.nowMs = 59_999;
  expect(await signs()).toBe(ring.current.kid);
  expect(secret.reads).toBe(1);
  secret.nowMs = 60_000;
  expect(await signs()).toBe(turned.current.kid);
  expect(secret.reads).toBe(2);
});

test.each([
  ['cannot be read', new Error('connect ECONNREFUSED')],
  ['holds something else', 'hunter2'],
])(
  'a secret that %s leaves the known ring in force, is asked again a minute later and quoted nowhere',
  async (_, text) => {
    const { secret, signs } = started();
    await signs();
    secret.text = text;
    secret.nowMs = 60_000;
    for (let count = 0; count < 3; count += 1) expect(await signs()).toBe(ring.current.kid);
    expect(secret.reads).toBe(2);
    secret.text = JSON.stringify(turned);
    secret.nowMs = 120_000;
    expect(await signs()).toBe(turned.current.kid);
    expect(output.text()).toContain('signing keys not read again');
    expect(output.text()).not.toContain('hunter2');
  },
);

test('without a ring each request asks again, so that the first one signs at once', async () => {
  const { secret, signs } = started('{"keys":[]}');
  await expect(signs()).rejects.toMatchObject({ code: 'not_ready', headers: { 'retry-after': '2' } });
  secret.text = JSON.stringify(ring);
  expect(await signs()).toBe(ring.current.kid);
});
