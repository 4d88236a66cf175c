import { createHmac, generateKeyPairSync, type KeyObject, type KeyPairKeyObjectResult } from 'node:crypto';
import * as fc from 'fast-check';
import { importPKCS8, SignJWT } from 'jose';
import { claimedOrigin, open, verifyForeign } from '../../../lambdas/shared/credentials/foreign-token';
import { settingsOf } from '../../../lambdas/shared/credentials/issuer-fields';
import type { Algorithm, IssuerSettings } from '../../../lambdas/shared/credentials/issuer-settings';
import { hasTwins } from '../../../lambdas/shared/credentials/jws';
import { base64url, jws, NOW_SECONDS } from '../../support/tokens';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ISSUER = 'https://acme.eu.auth0.com/';
const AUDIENCE = 'https://api.acme.example';
const settings = settingsOf({ kind: 'auth0', issuer: ISSUER, audience: AUDIENCE, defaultRoles: ['viewer'] });
const claims = {
  iss: ISSUER,
  sub: 'auth0|42',
  aud: [AUDIENCE, `${ISSUER}userinfo`],
  iat: NOW_SECONDS,
  exp: NOW_SECONDS + 86_400,
};
const header = { alg: 'RS256', typ: 'at+jwt', kid: 'k1' };

const keys = new Map<string, KeyObject>([['k1', pair.publicKey]]);
const verdict = (token: string, change: Partial<IssuerSettings> = {}, now = NOW_SECONDS, known = keys) => {
  const opened = open(token);
  if (!opened) return 'not opened';
  const result = verifyForeign(opened, { ...settings, ...change }, (kid) => known.get(kid), now);
  return result.ok ? 'ok' : result.reason;
};
/** Signed by the issuer: only what stands in it can be wrong. */
const token = (head: object = {}, payload: object = {}) =>
  jws(JSON.stringify({ ...header, ...head }), JSON.stringify({ ...claims, ...payload }), pair.privateKey);
const good = token();
const [head = '', body = '', signature = ''] = good.split('.');

test('without an attack the token passes', () => {
  expect(verdict(good)).toBe('ok');
});

test.each([
  ['spaces', JSON.stringify(claims, undefined, 2)],
  ['escaped slashes', JSON.stringify(claims).replaceAll('/', '\\/')],
  ['colons and quotes in its texts', JSON.stringify({ ...claims, name: '":{"a":1}\\', list: [{ a: ':' }, [], {}] })],
])('JSON with %s passes: who spelled it is not known', (_, payload) => {
  expect(verdict(jws(JSON.stringify(header), payload, pair.privateKey))).toBe('ok');
});

const signed = async (algorithm: Algorithm, { privateKey }: KeyPairKeyObjectResult) => {
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return new SignJWT(claims).setProtectedHeader({ ...header, alg: algorithm }).sign(await importPKCS8(pem, algorithm));
};

describe('each algorithm', () => {
  const made: readonly (readonly [Algorithm, KeyPairKeyObjectResult])[] = [
    ['RS256', pair],
    ['PS256', pair],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['EdDSA', generateKeyPairSync('ed25519')],
  ];
  test.each(made)(
    '%s as jose signs it passes where it is the one of the settings, and nowhere else',
    async (algorithm, by) => {
      const sent = await signed(algorithm, by);
      const known = new Map([['k1', by.publicKey]]);
      for (const [other] of made)
        expect({ other, verdict: verdict(sent, { algorithm: other }, NOW_SECONDS, known) }).toEqual({
          other,
          verdict: other === algorithm ? 'ok' : 'malformed',
        });
    },
  );
});

const unsigned = (change: object) => `${base64url(JSON.stringify({ ...header, ...change }))}.${body}.`;
function hmacWithPublicKey(): string {
  const input = `${base64url(JSON.stringify({ ...header, alg: 'HS256' }))}.${body}`;
  const secret = pair.publicKey.export({ type: 'spki', format: 'pem' });
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

test.each([
  ['alg none', unsigned({ alg: 'none' })],
  ['an empty signature', `${head}.${body}.`],
  ['two parts', `${head}.${body}`],
  ['four parts', `${good}.${signature}`],
  ['padding', `${head}=.${body}.${signature}`],
  ['a newline', `${good}\n`],
  ['odd bits in its payload', `${head}.${body.slice(0, -1)}${body.at(-1) === 'Q' ? 'R' : '_'}.${signature}`],
  ['more than 8 KiB', token({}, { filler: 'x'.repeat(8192) })],
  [
    'a header member given twice',
    jws(`{"kid":"other",${JSON.stringify(header).slice(1)}`, JSON.stringify(claims), pair.privateKey),
  ],
  ['a header that is a list', jws('[]', JSON.stringify(claims), pair.privateKey)],
  ['a payload that is null', jws(JSON.stringify(header), 'null', pair.privateKey)],
  ['a payload that is no UTF-8', jws(JSON.stringify(header), Buffer.from('{"iss":"\xFF"}', 'latin1'), pair.privateKey)],
])('a token with %s is not even opened', (_, sent) => {
  expect(['not opened', 'signature']).toContain(verdict(sent));
  expect(verdict(sent)).not.toBe('ok');
});

test.each([
  ['alg HS256 with the public key as its secret', hmacWithPublicKey()],
  ['alg in a list', token({ alg: ['RS256'] })],
  ['alg rs256', token({ alg: 'rs256' })],
  ['typ of a logout token', token({ typ: 'logout+jwt' })],
  ['no typ', token({ typ: undefined })],
  ['a kid that is a number', token({ kid: 1 })],
  ['no kid', token({ kid: undefined })],
  ['a crit extension', token({ crit: ['b64'], b64: false })],
  [
    'a claim given twice',
    jws(JSON.stringify(header), `{"sub":"me",${JSON.stringify(claims).slice(1)}`, pair.privateKey),
  ],
  [
    'a claim given twice, once in escapes',
    jws(JSON.stringify(header), `{"\\u0073ub":"me",${JSON.stringify(claims).slice(1)}`, pair.privateKey),
  ],
  [
    'a nested claim given twice',
    jws(JSON.stringify(header), `{"o":{"rol":"a","rol":"b"},${JSON.stringify(claims).slice(1)}`, pair.privateKey),
  ],
])('a token with %s is malformed', (_, sent) => {
  expect(verdict(sent)).toBe('malformed');
});

test.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'JWT'])('typ %s is one of Auth0’s', (typ) => {
  expect(verdict(token({ typ }))).toBe('ok');
});

test.each([
  ['clerk', 'at+jwt', 'malformed'],
  ['clerk', 'JWT', 'ok'],
  ['oidc', 'at+jwt', 'ok'],
  ['oidc', undefined, 'ok'],
] as const)('of %s the typ %s is %s', (kind, typ, expected) => {
  expect(verdict(token({ typ }), { kind })).toBe(expected);
});

const jwk = { ...stranger.publicKey.export({ format: 'jwk' }), kid: 'k1' };
test.each([
  ['nothing that points to its key', {}],
  ['jwk', { jwk }],
  ['jku', { jku: 'https://attacker.example/jwks.json' }],
  ['x5u', { x5u: 'https://attacker.example/chain.pem' }],
  ['x5c', { x5c: ['MIIB'] }],
])("a stranger's signature under the issuer's kid, with %s, is refused", (_, extra) => {
  const sent = jws(JSON.stringify({ ...header, ...extra }), JSON.stringify(claims), stranger.privateKey);
  expect(verdict(sent)).toBe('signature');
});

test.each(['other', '__proto__', '../../dev/null', 'k1\0', "k1' or '1'='1"])('the kid %j is an unknown key', (kid) => {
  expect(verdict(token({ kid }))).toBe('unknown key');
});

test.each([
  ['has expired', { exp: NOW_SECONDS - 5 }],
  ['is not valid yet', { nbf: NOW_SECONDS + 6 }],
  ['was issued in the future', { iat: NOW_SECONDS + 6 }],
  ['lives longer than a day', { exp: NOW_SECONDS + 86_401 }],
  ['never expires', { exp: undefined }],
  ['says not when it was issued', { iat: undefined }],
  ['expires at a text', { exp: String(NOW_SECONDS + 60) }],
  ['expires at a fraction', { exp: NOW_SECONDS + 0.5 }],
  ['expires beyond the safe integers', { iat: 2 ** 53, exp: 2 ** 53 }],
  ['is of the issuer without its slash', { iss: ISSUER.slice(0, -1) }],
  ['is of a list of issuers', { iss: [ISSUER] }],
  ['is for another audience', { aud: ['https://other.example'] }],
  ['is for no audience', { aud: undefined }],
  ['is for an audience that begins alike', { aud: `${AUDIENCE}/more` }],
  ['is for a list in a list', { aud: [[AUDIENCE]] }],
  ['has no subject', { sub: undefined }],
  ['has an empty subject', { sub: '' }],
  ['has a subject with a NUL', { sub: 'a\0b' }],
  ['has a subject that is a number', { sub: 42 }],
  ['has a subject as long as a book', { sub: 'x'.repeat(256) }],
])('a token that %s is refused by its claims', (_, change) => {
  expect(verdict(token({}, change))).toBe('claims');
});

test('an expiry of 1e400 is infinite, and refused', () => {
  const payload = JSON.stringify(claims).replace(String(NOW_SECONDS + 86_400), '1e400');
  expect(verdict(jws(JSON.stringify(header), payload, pair.privateKey))).toBe('claims');
});

test('a token may live as long as the settings of its issuer say', () => {
  expect(verdict(good, { maxLifeSeconds: 86_399 })).toBe('claims');
});

const session = (change: object) => token({ typ: 'JWT' }, { aud: undefined, ...change });

describe('a token without an audience', () => {
  const clerk = {
    kind: 'clerk',
    audience: '',
    authorizedParties: ['https://app.acme.example'],
  } satisfies Partial<IssuerSettings>;

  test.each([
    ['of a party that is authorized passes', { azp: 'https://app.acme.example' }, 'ok'],
    ['of another party is refused', { azp: 'https://evil.example' }, 'claims'],
    ['of no party is refused', {}, 'claims'],
    ['of a list of parties is refused', { azp: ['https://app.acme.example'] }, 'claims'],
    ['that has an audience after all is refused', { azp: 'https://app.acme.example', aud: AUDIENCE }, 'claims'],
  ])('%s', (_, change, expected) => {
    expect(verdict(session(change), clerk)).toBe(expected);
  });

  test('is for nobody where no parties are named', () => {
    expect(verdict(session({ azp: 'x' }), { ...clerk, authorizedParties: [] })).toBe('claims');
  });
});

test('where parties are named beside an audience, both must be right', () => {
  const parties = { authorizedParties: ['app1'] };
  expect(verdict(token({}, { azp: 'app1' }), parties)).toBe('ok');
  expect(verdict(token({}, { azp: 'app2' }), parties)).toBe('claims');
  expect(verdict(token({}, { client_id: 'app1' }), parties)).toBe('ok');
  expect(verdict(token({}, { azp: 'app2', client_id: 'app1' }), parties)).toBe('claims');
});

test.each([
  ['one audience', AUDIENCE, [AUDIENCE]],
  ['some', [AUDIENCE, 'b'], [AUDIENCE, 'b']],
  ['none', undefined, ['']],
])('%s is looked for', (_, aud, audiences) => {
  expect(claimedOrigin(open(token({}, { aud })) ?? fail())).toEqual({ issuer: ISSUER, audiences });
});

test.each([
  ['no issuer', { iss: undefined }],
  ['an issuer as long as a book', { iss: `https://${'x'.repeat(500)}` }],
  ['six audiences', { aud: ['a', 'b', 'c', 'd', 'e', 'f'] }],
  ['an empty list of audiences', { aud: [] }],
  ['an audience that is an object', { aud: { a: 1 } }],
])('a token with %s is looked for nowhere', (_, change) => {
  expect(claimedOrigin(open(token({}, change)) ?? fail())).toBeUndefined();
});

const fail = (): never => {
  throw new Error('not opened');
};

const deep = (left: string, right: string, depth: number) => `{"iss":${left.repeat(depth)}1${right.repeat(depth)}}`;

describe('whatever arrives', () => {
  const part = fc.oneof(
    fc.base64String(),
    fc.json().map((json) => base64url(json)),
  );

  test('opening and verifying never throw, and nothing unsigned passes', () => {
    const arrivals = fc.oneof(
      fc.string(),
      fc.tuple(part, part, part).map((parts) => parts.join('.')),
      fc.tuple(fc.constant(head), part, fc.constant(signature)).map((parts) => parts.join('.')),
    );
    fc.assert(fc.property(arrivals, (sent) => verdict(sent) !== 'ok'));
  });

  test('a signed payload of any shape never throws, and passes only with the right claims', () => {
    const shape = fc.record({ iss: fc.jsonValue(), aud: fc.jsonValue(), exp: fc.jsonValue(), sub: fc.jsonValue() });
    fc.assert(
      fc.property(shape, (payload) => verdict(token({}, payload)) !== 'ok'),
      { numRuns: 30 },
    );
  });

  test('lists and objects thousands deep do no harm', () => {
    for (const payload of [deep('[', ']', 2500), deep('{"a":', '}', 800)])
      expect(verdict(jws(JSON.stringify(header), payload, pair.privateKey))).toBe('claims');
  });

  test('JSON without a member given twice is never taken to have one, and one made so always', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, pretty) => {
        const text = JSON.stringify(value, undefined, pretty ? 2 : 0);
        return !hasTwins(text, JSON.parse(text));
      }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (value) => {
        const [name = '', member] = Object.entries(value)[0] ?? [];
        const text = `{${JSON.stringify(name)}:${JSON.stringify(member)},${JSON.stringify(value).slice(1)}`;
        return hasTwins(text, JSON.parse(text));
      }),
    );
  });
});
