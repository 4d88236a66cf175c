import { createServer, type RequestListener } from 'node:http';
import { fetchKeys } from '../../lambdas/issuers/fetch-keys';
import { isPublic, publicLookup } from '../../lambdas/shared/http/public-address';
import { startOidc, type TestOidc } from '../support/oidc';

let oidc: TestOidc;
beforeAll(async () => {
  oidc = await startOidc('/');
}, 30_000);
afterAll(() => oidc.stop());
afterEach(() => oidc.become('up'));

const local = { privateTargets: true };
const fetched = (change: object = {}) => fetchKeys({ issuer: oidc.issuer, algorithm: 'RS256', ...change }, local);

test('keys are found by discovery, or where they are said to be', async () => {
  const { kids } = await oidc.state();
  const expected = { ok: true, keys: kids.map((kid) => expect.objectContaining({ kid, kty: 'RSA' })) };
  expect(await fetched()).toEqual(expected);
  expect(await fetched({ jwksUri: `${oidc.issuer}jwks` })).toEqual(expected);
  expect((await oidc.state()).discovered).toBe(1);
});

test.each([
  ['down', /^discovery: cannot be reached \(ECONNRESET\)$/],
  ['slow', /^discovery: did not answer within 2 s$/],
  ['nonsense', /^discovery: is not JSON$/],
  ['failing', /^discovery: answered 500/],
  ['redirecting', /^discovery: answered 302; redirects are not followed$/],
  ['endless', /^discovery: is longer than 65536 bytes$/],
] as const)('an issuer that is %s is an answer too, within the time limit', async (mode, detail) => {
  await oidc.become(mode);
  const began = performance.now();
  expect(await fetched()).toEqual({ ok: false, detail: expect.stringMatching(detail) });
  expect(performance.now() - began).toBeLessThan(2_500);
});

test('weak keys are refused, with the reason', async () => {
  await oidc.become('weak');
  expect(await fetched({ jwksUri: `${oidc.issuer}jwks` })).toEqual({
    ok: false,
    detail: 'the JWKS has no usable key for RS256; the key "weak" has 1024 bits, where 2048 to 8192 are taken',
  });
});

test('an issuer that publishes no key for the algorithm is refused', async () => {
  expect(await fetched({ algorithm: 'ES256' })).toEqual({ ok: false, detail: 'the JWKS has no usable key for ES256' });
});

/** A server with these answers by path. */
async function serving(answer: RequestListener, work: (origin: string) => Promise<void>): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await work(`http://127.0.0.1:${Object(server.address()).port}`);
  } finally {
    server.close();
  }
}

test.each([
  [
    'is about another issuer',
    () => ({ issuer: 'https://other.example', jwks_uri: 'x' }),
    'the document is about "https://other.example"',
  ],
  [
    'is about the issuer with a slash',
    (origin: string) => ({ issuer: `${origin}/`, jwks_uri: 'x' }),
    'the document is about',
  ],
  [
    'leads to another origin',
    (issuer: string) => ({ issuer, jwks_uri: 'https://evil.example/jwks' }),
    'the keys are at another origin',
  ],
  ['leads nowhere', (issuer: string) => ({ issuer, jwks_uri: '/jwks' }), 'the keys are at another origin'],
  ['says nothing', () => ({}), 'the document names no issuer and jwks_uri'],
  ['is a list', () => [], 'the document names no issuer and jwks_uri'],
])('a discovery document that %s is refused', async (_, document, detail) => {
  let origin = '';
  await serving(
    (_request, response) => void response.end(JSON.stringify(document(origin))),
    async (at) => {
      origin = at;
      expect(await fetchKeys({ issuer: at, algorithm: 'RS256' }, local)).toEqual({
        ok: false,
        detail: expect.stringContaining(detail),
      });
    },
  );
});

const refused = (issuer: string, lookup = publicLookup()) =>
  fetchKeys({ issuer, algorithm: 'RS256' }, { privateTargets: false, lookup });

describe('where targets must be public', () => {
  test.each([
    ['a plain http address', 'http://issuer.example', 'only https addresses are fetched'],
    ['a file', 'file:///etc/passwd', 'only https addresses are fetched'],
    ['the loopback', 'https://127.0.0.1', 'has an address that is not public'],
    ['the loopback, spelled as a number', 'https://2130706433', 'has an address that is not public'],
    ['the loopback, in hexadecimal', 'https://0x7f.1', 'has an address that is not public'],
    ['the metadata service', 'https://169.254.169.254', 'has an address that is not public'],
    ['the metadata service by IPv6', 'https://[fd00:ec2::254]', 'has an address that is not public'],
    ['a mapped address', 'https://[::ffff:127.0.0.1]', 'has an address that is not public'],
    ['a name of the loopback', 'https://localhost', 'has an address that is not public'],
    ['a login in the address', 'https://user:secret@issuer.example', 'its address holds a login'],
    ['no address', 'https://exa mple', 'its address is no URL'],
  ])('%s is refused before anything is sent', async (_, issuer, detail) => {
    expect(await refused(issuer)).toEqual({ ok: false, detail: `discovery: ${detail}` });
  });

  test('the DNS is asked once: the address that was looked at is the one that is connected to', async () => {
    const answers = [[{ address: '192.0.2.1', family: 4 }], [{ address: '127.0.0.1', family: 4 }]];
    const rebinding = publicLookup((_name, _options, callback) => callback(null, answers.shift() ?? []));
    expect(await refused('https://rebind.example', rebinding)).toMatchObject({
      detail: expect.stringMatching(/not public/),
    });
    expect(answers).toHaveLength(1);
  });

  test('a name one of whose addresses is private is refused', async () => {
    const both = publicLookup((_name, _options, callback) =>
      callback(null, [
        { address: '93.184.216.34', family: 4 },
        { address: '10.0.0.1', family: 4 },
      ]),
    );
    expect(await refused('https://both.example', both)).toMatchObject({ detail: expect.stringMatching(/not public/) });
  });
});

test.each([
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '169.254.169.254',
  '172.31.255.255',
  '192.168.1.1',
  '192.0.2.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:8.8.8.8',
  '::ffff:0:127.0.0.1',
  '64:ff9b::7f00:1',
  'fc00::1',
  'fe80::1',
  'fe80::1%eth0',
  'ff02::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '3fff::1',
  'localhost',
  '',
])('%s is not public', (address) => {
  expect(isPublic(address)).toBe(false);
});

test.each(['8.8.8.8', '93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2001:4860:4860::8888'])(
  '%s is public',
  (address) => {
    expect(isPublic(address)).toBe(true);
  },
);
