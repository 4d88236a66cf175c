import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { newSigningKeys, rotated, secretBytesOf } from '../../../lambdas/webhooks/signing/secrets';
import { SIGNATURE_STYLES, signer } from '../../../lambdas/webhooks/signing/sign';

const base = { messageId: 'evt_1', timestampSeconds: 1_700_000_000, nowMs: 0, asymmetric: false } as const;
const keys = newSigningKeys();
const next = rotated(keys, { nowMs: 0 });

test('the example of the Standard Webhooks specification is signed as it says', () => {
  const { headers } = signer({
    secrets: [{ id: 'a', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }],
    keys: [],
  }).headersOf({
    ...base,
    messageId: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestampSeconds: 1_614_265_330,
    body: '{"test": 2432232314}',
    style: 'standard',
  });
  expect(headers).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('text and its bytes are signed alike, whatever they are', () => {
  const sign = signer(next);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(...SIGNATURE_STYLES), (text, style) => {
      const asBytes = sign.headersOf({ ...base, body: Buffer.from(text), style, asymmetric: true });
      expect(sign.headersOf({ ...base, body: text, style, asymmetric: true })).toEqual(asBytes);
      const [newest] = next.secrets;
      const content = Buffer.concat([Buffer.from('evt_1.1700000000.'), Buffer.from(text)]);
      const expected = createHmac('sha256', secretBytesOf(newest?.secret ?? '') ?? '')
        .update(content)
        .digest('base64');
      expect(asBytes.headers['webhook-signature']?.split(' ')[0]).toBe(`v1,${expected}`);
    }),
  );
});

test('during an overlap both secrets sign, and the log can say which', () => {
  const { headers, keyIds } = signer(next).headersOf({ ...base, body: '{}', style: 'stripe', asymmetric: true });
  expect(headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44} v1a,\S{88} v1a,\S{88}$/);
  expect(headers['stripe-signature']).toMatch(/^t=1700000000,v1=[0-9a-f]{64},v1=[0-9a-f]{64}$/);
  expect(keyIds).toEqual([...next.secrets, ...next.keys].map(({ id }) => id));
  expect(keyIds.join()).not.toContain('whsec_');
});

const by = (secret = '') => `sha256=${createHmac('sha256', secret).update('{}').digest('hex')}`;
test('GitHub has room for one signature: it is by the oldest secret that lives', () => {
  const of = (nowMs: number) => signer(next).headersOf({ ...base, body: '{}', style: 'github', nowMs }).headers;
  expect(of(0)['x-hub-signature-256']).toBe(by(keys.secrets[0]?.secret));
  expect(of(24 * 3_600_000)['x-hub-signature-256']).toBe(by(next.secrets[0]?.secret));
});

test('ed25519 signs only for those who want it', () => {
  const { headers, keyIds } = signer(next).headersOf({ ...base, body: '{}', style: 'standard' });
  expect(headers['webhook-signature']).not.toContain('v1a');
  expect(keyIds).toHaveLength(2);
});

test('a secret that is none is refused before anything is signed, and not quoted', () => {
  const broken = { secrets: [{ id: 'whk_1', secret: 'whsec_tooshort' }], keys: [] };
  expect(() => signer(broken)).toThrow('the signing secret whk_1 is not valid');
});
