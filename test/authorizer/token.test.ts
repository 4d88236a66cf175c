import { authorizer } from '../../lambdas/authorizer/answer';
import { tokenIdentity } from '../../lambdas/authorizer/token';
import { identityOf } from '../../lambdas/shared/access/principal';
import { signToken, type VerificationKeys, verificationKeys } from '../../lambdas/shared/credentials/jwt';
import { publicKeys, signingKey, turn } from '../../lambdas/shared/credentials/key-ring';
import { authorizerEvent, STAGE_ARN } from '../support/authorizer-event';
import { event } from '../support/event';
import { captureOutput } from '../support/output';
import { goodClaims, NOW_SECONDS, signer } from '../support/tokens';

const output = captureOutput();
const { ring, kid, privateKey, keys } = signer();
const turned = turn(ring, NOW_SECONDS);
const twiceTurned = turn(turned, NOW_SECONDS + 30 * 86_400);
const foreign = async () => ({ refused: 'not ours' });

let nowSeconds = NOW_SECONDS;
beforeEach(() => {
  nowSeconds = NOW_SECONDS;
});

/** An authorizer whose store can be changed and taken down, and counts how often it is asked. */
function started(first: VerificationKeys | 'down' = keys) {
  const store = { holds: first, asked: 0 };
  const handler = authorizer(
    tokenIdentity({
      async readKeys() {
        store.asked += 1;
        if (store.holds === 'down') throw new Error('the store is down');
        return store.holds;
      },
      nowSeconds: () => nowSeconds,
      foreign,
    }),
  );
  return { store, ask: (authorization: string) => handler(authorizerEvent({ Authorization: authorization })) };
}

const token = (by = { kid, privateKey }) =>
  signToken({ ...goodClaims, iat: nowSeconds, nbf: nowSeconds, exp: nowSeconds + 900 }, by.kid, by.privateKey);
const bearer = (by?: { kid: string; privateKey: typeof privateKey }) => `Bearer ${token(by)}`;

test('a token is allowed for the whole stage, because the answer is cached for every route', async () => {
  expect((await started().ask(bearer())).policyDocument).toEqual({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: `${STAGE_ARN}/*` }],
  });
});

test('the function reads back who bears the token', async () => {
  const { principalId, context } = await started().ask(bearer());
  const { requestContext } = event({ resource: '/v1/members' });
  expect(identityOf({ ...requestContext, authorizer: { principalId, ...context } })).toEqual({
    kind: 'user',
    id: goodClaims.sub,
    organisation: goodClaims.org,
    session: goodClaims.sid,
    token: goodClaims.jti,
    expiresAtSeconds: NOW_SECONDS + 900,
  });
});

test('what it hands on are texts, as API Gateway takes nothing else', async () => {
  const { context } = await started().ask(bearer());
  expect(new Set(Object.values(context ?? {}).map((value) => typeof value))).toEqual(new Set(['string']));
});

test.each(['authorization', 'AUTHORIZATION'])(
  'the header may be spelled %s, and the scheme in any case',
  async (name) => {
    const handler = authorizer(tokenIdentity({ readKeys: async () => keys, nowSeconds: () => nowSeconds, foreign }));
    await expect(handler(authorizerEvent({ [name]: `bearer ${token()}` }))).resolves.toMatchObject({
      principalId: goodClaims.sub,
    });
  },
);

const [head = '', , signature = ''] = token().split('.');

test.each([
  ['no token', 'Bearer ', 'no credential'],
  ['another scheme', `Basic ${Buffer.from('a:b').toString('base64')}`, 'no credential'],
  ['two tokens', `${bearer()} ${token()}`, 'no credential'],
  ['a tampered token', `Bearer ${head}.${Buffer.from('{"sub":"me"}').toString('base64url')}.${signature}`, 'signature'],
  ['an unknown key', bearer({ kid: 'other', privateKey }), 'unknown key'],
  ['words', 'Bearer hunter2', 'malformed'],
])(
  '%s is refused with exactly Unauthorized; the log has the reason and not the credential',
  async (_, sent, reason) => {
    await expect(started().ask(sent)).rejects.toThrow(/^Unauthorized$/);
    const lines = output.lines().map((line): unknown => JSON.parse(line));
    expect(lines).toMatchObject([{ message: 'refused', reason, requestId: expect.any(String) }]);
    for (const secret of sent.split(/[ .]/).filter((part) => part.length > 6))
      expect(output.text()).not.toContain(secret);
  },
);

test('a token that a client got for itself is the client’s', async () => {
  const own = { ...goodClaims, client_id: goodClaims.sub, sid: undefined };
  const { context } = await started().ask(`Bearer ${signToken(own, kid, privateKey)}`);
  expect(context).toMatchObject({ kind: 'client' });
});

test('a token of another issuer is for others to judge; one that names ours and none of our keys is not', async () => {
  const other = { ...goodClaims, iss: 'https://issuer.example/' };
  await expect(started().ask(`Bearer ${signToken(other, 'their-key', privateKey)}`)).rejects.toThrow('Unauthorized');
  await expect(started().ask(bearer({ kid: 'their-key', privateKey }))).rejects.toThrow('Unauthorized');
  expect(output.lines().map((line) => Object(JSON.parse(line)).reason as unknown)).toEqual(['not ours', 'unknown key']);
});

test('two credentials, one of them good, are refused', async () => {
  const handler = authorizer(async () => ({ kind: 'user', id: 'x', organisation: goodClaims.org }));
  const both = authorizerEvent({ Authorization: bearer(), 'X-Api-Key': 'ghk_test' });
  await expect(handler(both)).rejects.toThrow(/^Unauthorized$/);
});

test('without the stage variable that names the issuer nobody gets in', async () => {
  const handler = authorizer(tokenIdentity({ readKeys: async () => keys, nowSeconds: () => nowSeconds, foreign }));
  const withoutIssuer = { ...authorizerEvent({ Authorization: bearer() }), stageVariables: null };
  await expect(handler(withoutIssuer)).rejects.toThrow(/^Unauthorized$/);
});

const published = (ofRing: typeof ring) => verificationKeys(publicKeys(ofRing));

describe('its keys', () => {
  const next = signingKey(turned);
  const afterNext = signingKey(twiceTurned);

  test('are asked for once, however many tokens come', async () => {
    const { ask, store } = started();
    for (let count = 0; count < 5; count += 1) await ask(bearer());
    expect(store.asked).toBe(1);
  });

  test('hold the one that signs after a turn before the turn is known here', async () => {
    const { ask, store } = started();
    await ask(bearer());
    await ask(bearer(next));
    expect(store.asked).toBe(1);
  });

  test('are asked for again when a token names an unknown one, at most every 30 seconds whatever the flood', async () => {
    const { ask, store } = started();
    await ask(bearer());
    nowSeconds += 29;
    for (let count = 0; count < 20; count += 1) await expect(ask(bearer(afterNext))).rejects.toThrow('Unauthorized');
    expect(store.asked).toBe(1);
    store.holds = published(turned);
    nowSeconds += 1;
    await expect(ask(bearer(afterNext))).resolves.toMatchObject({ principalId: goodClaims.sub });
    for (let count = 0; count < 20; count += 1)
      await expect(ask(bearer({ kid: 'other', privateKey }))).rejects.toThrow('Unauthorized');
    expect(store.asked).toBe(2);
  });

  test('that are withdrawn verify for five minutes at most', async () => {
    const { ask, store } = started();
    await ask(bearer());
    store.holds = published(twiceTurned);
    nowSeconds += 299;
    await ask(bearer());
    nowSeconds += 1;
    await expect(ask(bearer())).rejects.toThrow('Unauthorized');
  });

  test('go on verifying while the store is down, and an unknown one stays refused', async () => {
    const { ask, store } = started();
    await ask(bearer());
    store.holds = 'down';
    nowSeconds += 1000;
    await expect(ask(bearer())).resolves.toMatchObject({ principalId: goodClaims.sub });
    await expect(ask(bearer(afterNext))).rejects.toThrow(/^Unauthorized$/);
    expect(output.text()).toContain('keys not read again');
  });

  test('unknown because the store is down make a fault and no Unauthorized, until the store is back', async () => {
    const { ask, store } = started('down');
    await expect(ask(bearer())).rejects.toThrow('the store is down');
    store.holds = keys;
    await expect(ask(bearer())).resolves.toMatchObject({ principalId: goodClaims.sub });
  });
});
