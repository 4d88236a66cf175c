import { awsIdentity, connectToken } from '../../../lambdas/shared/aws/aws-token';
import { credentials, iamToken } from '../../local/support';

const identity = { region: 'us-east-1', ...credentials };
const CASES = [
  ['elasticache', 'gatehouse-cache', { User: 'app', ResourceType: 'ServerlessCache' }],
  ['rds-db', 'db.cluster-abc.us-east-1.rds.amazonaws.com:5432', { DBUser: 'gatehouse_app' }],
] as const;

/** The address, and the parameters in any order. */
const parts = (token: string) => {
  const { host, pathname, searchParams } = new URL(`https://${token}`);
  return { host, pathname, parameters: Object.fromEntries(searchParams) };
};

/** When a token was signed: AWS's signer is then given the same moment. */
const signedAt = (token: string) => {
  const stamp = parts(token).parameters['X-Amz-Date'] ?? '';
  return new Date(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
};

test.each(CASES)("a token for %s is the one that AWS's own signer makes", async (service, address, query) => {
  const token = await connectToken(identity, service, address, query);
  const [hostname = '', port] = address.split(':');
  const host = { hostname, ...(port !== undefined && { port: Number(port) }) };
  const theirs = await iamToken(service, host, { Action: 'connect', ...query }, { at: signedAt(token) });
  expect(parts(token)).toEqual(parts(theirs));
  expect(parts(token).parameters).toMatchObject({
    'X-Amz-Security-Token': credentials.sessionToken,
    'X-Amz-Expires': '900',
    'X-Amz-Signature': expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test('without a session there is no session token, and another signature', async () => {
  const [service, address, query] = CASES[0];
  const token = await connectToken({ ...identity, sessionToken: undefined }, service, address, query);
  expect(parts(token).parameters).not.toHaveProperty('X-Amz-Security-Token');
});

test('a token starts with the address and has no scheme', async () => {
  expect(await connectToken(identity, 'rds-db', 'db.example:5432', { DBUser: 'app' })).toMatch(
    /^db\.example:5432\/\?Action=connect&DBUser=app&/,
  );
});

test("the identity is that of the function's role", () => {
  const env = {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'session',
  };
  expect(awsIdentity(env)).toEqual({
    region: 'eu-west-1',
    accessKeyId: 'key',
    secretAccessKey: 'secret',
    sessionToken: 'session',
  });
});
