import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { verifyToken } from '../../../lambdas/shared/credentials/jwt';
import { base64url, goodClaims, ISSUER, jws, NOW_SECONDS, signer } from '../../support/tokens';

const { ring, kid, privateKey, keys } = signer();
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const goodHeader = { alg: 'RS256', typ: 'at+jwt', kid };

/** Signed with our own key: only what stands in it can be wrong. */
const token = (header: object = {}, claims: object = {}) =>
  jws(JSON.stringify({ ...goodHeader, ...header }), JSON.stringify({ ...goodClaims, ...claims }), privateKey);
const good = token();
const [header = '', payload = '', signature = ''] = good.split('.');

const verdict = (sent: string) => verifyToken(sent, keys, { issuer: ISSUER, nowSeconds: NOW_SECONDS });

test('without an attack the token passes', () => {
  expect(verdict(good)).toMatchObject({ ok: true });
});

const withoutSignature = (changed: object) => `${base64url(JSON.stringify({ ...goodHeader, ...changed }))}.${payload}.`;

function signedWithPublicKey(): string {
  const input = `${base64url(JSON.stringify({ ...goodHeader, alg: 'HS256' }))}.${payload}`;
  const secret = createPublicKey(ring.current.privateKey).export({ type: 'spki', format: 'pem' });
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

test.each([
  ['alg none without a signature', withoutSignature({ alg: 'none' })],
  ['alg None, spelled otherwise', withoutSignature({ alg: 'None' })],
  ['alg HS256 with the public key as its secret', signedWithPublicKey()],
  ['alg RS512', token({ alg: 'RS512' })],
  ['alg as a list', token({ alg: ['RS256'] })],
  ['typ JWT', token({ typ: 'JWT' })],
  ['no typ', token({ typ: undefined })],
  ['no kid', token({ kid: undefined })],
  ['a kid that is a number', token({ kid: 1 })],
  ['a kid that is a list', token({ kid: [kid] })],
  ['a kid that is an object', token({ kid: { toString: kid } })],
  ['a crit extension', token({ crit: ['exp'] })],
  ['an empty crit', token({ crit: [] })],
  ['a header that is null', jws('null', JSON.stringify(goodClaims), privateKey)],
  ['a header that is a list', jws('[]', JSON.stringify(goodClaims), privateKey)],
  ['a header that is no JSON', jws('{', JSON.stringify(goodClaims), privateKey)],
  ['a header member given twice', jws(`{"alg":"none",${JSON.stringify(goodHeader).slice(1)}`, '{}', privateKey)],
  ['spaces in its header', jws(JSON.stringify(goodHeader, undefined, 1), JSON.stringify(goodClaims), privateKey)],
  ['four parts', `${good}.${signature}`],
  ['five parts, as an encrypted token has', `${good}.a.b`],
  ['an empty signature', `${header}.${payload}.`],
  ['two parts', `${header}.${payload}`],
  ['an empty header', `.${payload}.${signature}`],
  ['an empty payload', jws(JSON.stringify(goodHeader), '', privateKey)],
  ['padding after its header', `${header}=.${payload}.${signature}`],
  ['padding after its signature', `${good}==`],
  ['a newline at its end', `${good}\n`],
  ['a signature in plain base64', `${header}.${payload}.${Buffer.from(signature, 'base64url').toString('base64')}`],
  ['more than 8 KiB', token({}, { filler: 'x'.repeat(8192) })],
  ['nothing in it', ''],
])('a token with %s is malformed', (_, sent) => {
  expect(verdict(sent)).toEqual({ ok: false, reason: 'malformed' });
});

test.each([
  ['is not ours', 'other'],
  ['is empty', ''],
  ['names a property of every object', '__proto__'],
  ['is a path', '../../dev/null'],
])('a kid that %s is an unknown key', (_, other) => {
  expect(verdict(token({ kid: other }))).toEqual({ ok: false, reason: 'unknown key' });
});

const jwk = { ...stranger.publicKey.export({ format: 'jwk' }), kid };
const forged = (extra: object) =>
  jws(JSON.stringify({ ...goodHeader, ...extra }), JSON.stringify(goodClaims), stranger.privateKey);

test.each([
  ['nothing that points to its key', {}],
  ['jwk', { jwk }],
  ['jku', { jku: 'https://attacker.example/jwks.json' }],
  ['x5u', { x5u: 'https://attacker.example/chain.pem' }],
  ['x5c', { x5c: ['MIIB'] }],
])("a stranger's signature under our kid, with %s, is not ours", (_, extra) => {
  expect(verdict(forged(extra))).toEqual({ ok: false, reason: 'signature' });
});

const swap = (text: string, from: string, to: string) =>
  base64url(Buffer.from(text, 'base64url').toString().replace(from, to));

test.each([
  ['another role', `${header}.${swap(payload, 'viewer', 'admin')}.${signature}`],
  ['another key of ours', `${swap(header, kid, ring.next.kid)}.${payload}.${signature}`],
  ['the signature of another token', `${header}.${payload}.${token({}, { roles: ['admin'] }).split('.')[2]}`],
  [
    'a signature cut short',
    `${header}.${payload}.${Buffer.from(signature, 'base64url').subarray(1).toString('base64url')}`,
  ],
  ['a signature with bytes after it', `${good}AAAA`],
])('a token with %s is refused by its signature', (_, sent) => {
  expect(verdict(sent)).toEqual({ ok: false, reason: 'signature' });
});

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Other last characters that a lenient decoder reads as the same bytes. */
const twins = (part: string) =>
  ALPHABET.split('')
    .map((last) => part.slice(0, -1) + last)
    .filter((twin) => twin !== part && Buffer.from(twin, 'base64url').equals(Buffer.from(part, 'base64url')));

const ofEveryLength = ['', 'x', 'xx'].map((pad) => token({ pad }, { pad }).split('.'));

test.each([
  ['header', 0],
  ['payload', 1],
  ['signature', 2],
])('no other spelling of the same %s passes', (_, index) => {
  const respelled = ofEveryLength.flatMap((parts) =>
    twins(parts[index] ?? '').map((twin) => parts.with(index, twin).join('.')),
  );
  expect(respelled.length).toBeGreaterThan(10);
  expect(respelled.filter((sent) => verdict(sent).ok)).toEqual([]);
});
