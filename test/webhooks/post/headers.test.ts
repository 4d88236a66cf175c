import * as fc from 'fast-check';
import { parse } from '../../../lambdas/shared/parse';
import { CustomHeaders, ownHeaders, sayWhoCalls } from '../../../lambdas/webhooks/post/headers';

const SIGNATURE = { 'webhook-id': 'evt_1', 'webhook-timestamp': '1', 'webhook-signature': 'v1,x' };

test.each([
  [{}],
  [{ 'X-Tenant': 'acme', cookie: 'a=b; c=d', Authorization: 'Bearer abc' }],
  [{ 'x-empty': '', 'x-tab': 'a\tb', "x!#$%&'*+.^_`|~": '~' }],
  [Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`x-${index}`, 'v']))],
])('%j may be set', (headers) => {
  expect(parse(CustomHeaders, headers)).toEqual({ ok: true, value: headers });
});

test.each([
  ['a line break in a value', { 'x-a': 'a\r\nwebhook-id: b' }],
  ['a line feed', { 'x-a': 'a\nb' }],
  ['a carriage return', { 'x-a': 'a\rb' }],
  ['a NUL', { 'x-a': 'a\0b' }],
  ['a blank at the end of a value', { 'x-a': 'a ' }],
  ['a blank at its start', { 'x-a': ' a' }],
  ['letters beyond ASCII', { 'x-a': 'größe' }],
  ['a line break in a name', { 'x-a\r\nx-b': 'c' }],
  ['a colon in a name', { 'x-a:': 'c' }],
  ['a blank in a name', { 'x a': 'c' }],
  ['no name', { '': 'c' }],
  ['a long name', { [`x-${'a'.repeat(99)}`]: 'c' }],
  ['a long value', { 'x-a': 'c'.repeat(2049) }],
  ['too much together', { 'x-a': 'c'.repeat(2040), 'x-b': 'c'.repeat(2040), 'x-c': 'c'.repeat(20) }],
  ['too many', Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`x-${index}`, 'v']))],
  ['a name twice', { 'X-A': '1', 'x-a': '2' }],
  ['a number', { 'x-a': 1 }],
])('headers with %s are refused', (_, headers) => {
  expect(parse(CustomHeaders, headers).ok).toBe(false);
});

test.each([
  'Host',
  'content-length',
  'Content-Type',
  'content-encoding',
  'Transfer-Encoding',
  'connection',
  'Keep-Alive',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'proxy-authorization',
  'Proxy-Connection',
  'User-Agent',
  'accept-encoding',
  'Webhook-Id',
  'webhook-signature',
  'webhook-anything',
  'Stripe-Signature',
  'x-hub-signature-256',
  'X-Hub-Signature',
  'X-Forwarded-For',
  'forwarded',
  'via',
])('%s is not theirs to set', (name) => {
  expect(parse(CustomHeaders, { [name]: 'x' })).toMatchObject({
    wrong: [{ detail: expect.stringContaining('not yours to set') }],
  });
});

test('whatever headers pass, ours stand as they are, and nothing is there twice', () => {
  const name = fc.oneof(
    fc.constantFrom('Webhook-Id', 'user-agent', 'X-A', 'x-a', 'Host', '__proto__', 'constructor', 'authorization'),
    fc.string({ maxLength: 8 }),
  );
  const headers = fc.dictionary(name, fc.oneof(fc.constant('v'), fc.string({ unit: 'binary', maxLength: 5 })));
  fc.assert(
    fc.property(headers, (custom) => {
      const parsed = parse(CustomHeaders, custom);
      if (!parsed.ok) return;
      const all = { ...ownHeaders(parsed.value), ...SIGNATURE };
      expect(all).toMatchObject({ ...SIGNATURE, 'content-type': 'application/json' });
      expect(Object.keys(all).every((key) => key === key.toLowerCase())).toBe(true);
      expect(Object.entries(all).flat().join('')).not.toMatch(/[\r\n\0]/);
      expect(() => new Headers(Object.entries(all).filter(([key]) => key !== '__proto__'))).not.toThrow();
    }),
    { numRuns: 1000 },
  );
});

test('what was stored before a name became ours is left out', () => {
  expect(ownHeaders({ 'Webhook-Id': 'theirs', Host: 'theirs', 'X-A': 'b', 'User-Agent': 'theirs' })).toEqual({
    'x-a': 'b',
    'content-type': 'application/json',
    'user-agent': 'Gatehouse-Webhooks/1',
  });
});

test('headers that say who calls are known as such', () => {
  expect(sayWhoCalls({ AUTHORIZATION: 'x' })).toBe(true);
  expect(sayWhoCalls({ 'x-authorization': 'x' })).toBe(false);
});
