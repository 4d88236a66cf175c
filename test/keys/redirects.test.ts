import * as fc from 'fast-check';
import { redirectFault } from '../../lambdas/keys/redirects';

test.each([
  'https://app.example/cb',
  'https://app.example',
  'https://app.example:8443/cb?tenant=1&x=%2F',
  'https://xn--bcher-kva.example/cb',
  'http://127.0.0.1/cb',
  'http://127.0.0.1:49152/cb',
  'http://[::1]:8080/',
  'http://127.0.0.1',
  'com.example.app:/cb',
  'com.example.app:/',
  'de.example-shop.app2:/oauth/cb',
])('%s may be registered', (uri) => {
  expect(redirectFault(uri)).toBeUndefined();
});

test.each([
  ['', 'is no URI'],
  ['cb', 'is no URI'],
  ['/cb', 'is no URI'],
  ['//app.example/cb', 'is no URI'],
  ['https://app.example/cb#', 'a fragment is not taken (RFC 6749 section 3.1.2)'],
  ['com.example.app:/cb#x', 'a fragment is not taken (RFC 6749 section 3.1.2)'],
  ['https://*.example/cb', 'a wildcard is not taken: register each address'],
  ['https://app.example/*', 'a wildcard is not taken: register each address'],
  ['https://user@app.example/cb', 'a user in the address is not taken'],
  ['https://user:secret@app.example/cb', 'a user in the address is not taken'],
  ['https://@app.example/cb', 'a user in the address is not taken'],
  ['http://127.0.0.1@evil.example/cb', 'a user in the address is not taken'],
  ['https://app.example\\@evil.example/cb', 'is no URI'],
  ['https://app.example/a b', 'is no URI'],
  ['https://app.example/%zz', 'is no URI'],
  ['https://app.example/\u00e9', 'is no URI'],
  ['https://app.example/cb\n', 'is no URI'],
])('%p may not, and it is said why', (uri, why) => {
  expect(redirectFault(uri)).toBe(why);
});

test.each([
  'http://app.example/cb',
  'http://localhost/cb',
  'http://localhost.evil.example/cb',
  'http://127.0.0.1.evil.example/cb',
  'http://127.1/cb',
  'http://2130706433/cb',
  'http://0x7f.0.0.1/cb',
  'http://[::2]/cb',
  'http://10.0.0.1/cb',
  'https:///cb',
  'https:app.example/cb',
  'HTTPS://app.example/cb',
  'javascript:alert(1)',
  'data:text/html,x',
  'file:///etc/passwd',
  'app:/cb',
  'myapp://cb',
  'com.example.app://cb',
  'com.example.app:cb',
  'ftp://app.example/cb',
])('%s may not: it is none of the three kinds', (uri) => {
  expect(redirectFault(uri)).toContain('must be https');
});

test('whatever may be registered has one reading: no user, no fragment, and https, a loopback address or a dotted scheme', () => {
  const characters = fc.constantFrom(...'abhtps:/.@?#*%[]1270\\-_ com');
  const texts = fc.oneof(
    fc.webUrl(),
    fc.string({ unit: characters, maxLength: 40 }),
    fc.string({ unit: characters, maxLength: 20 }).map((rest) => `https://${rest}`),
  );
  fc.assert(
    fc.property(texts, (uri) => {
      if (redirectFault(uri) !== undefined) return true;
      const { protocol, hostname, username, hash } = new URL(uri);
      const isOne =
        protocol === 'https:'
          ? hostname !== ''
          : protocol === 'http:'
            ? ['127.0.0.1', '[::1]'].includes(hostname)
            : protocol.includes('.');
      return isOne && username === '' && hash === '';
    }),
    { numRuns: 5000 },
  );
});
