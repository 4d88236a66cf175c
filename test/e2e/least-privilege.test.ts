import { alteredAssembly, type Folder, revoke } from '../support/altered-assembly';
import { call, graph, tokenOf } from '../support/gateway';
import { type LocalHost, startLocalHost } from '../support/local-host';

/** One grant of each kind, as if its line in lib/ were gone. */
const REVOKED = [
  ['Platform', 'elasticache:Connect'],
  ['AuthAuthorizer', 'dynamodb:GetItem'],
  ['GraphApi', 'lambda:InvokeFunctionUrl'],
] as const;

describe('a grant that is missing in lib/ is missed on the laptop', () => {
  let folder: Folder;
  let host: LocalHost;

  beforeAll(async () => {
    folder = alteredAssembly('Services', (template) => {
      for (const [owner, action] of REVOKED) revoke(template, owner, action);
    });
    host = await startLocalHost({ cwd: folder.path });
  });
  afterAll(async () => {
    await host.end();
    folder.remove();
  });

  const denied = (action: string, resource: string) =>
    host.printed(
      new RegExp(`AccessDenied: arn:aws:sts::\\d+:assumed-role/\\S+ may not ${action} on arn:aws:\\S*${resource}`),
    );

  test('the cache: readiness says which dependency is down, and the log names principal, action and resource', async () => {
    const { status, body } = await call('/ready', {}, host.url);
    expect(status).toBe(503);
    expect(body).toMatchObject({
      code: 'not_ready',
      dependencies: expect.arrayContaining([expect.objectContaining({ name: 'redis', state: 'down' })]),
    });
    // On a machine that does other things a connection may be given up before it has come to signing in.
    const asking = setInterval(() => void call('/ready', {}, host.url), 1_000);
    await denied('elasticache:Connect', ':serverlesscache:').finally(() => clearInterval(asking));
  });

  test('the table: the authorizer fails as the gateway says it does, and nothing of why reaches the caller', async () => {
    const { status, body } = await call('/metrics', { headers: { 'x-api-key': host.apiKey } }, host.url);
    expect(status).toBe(500);
    expect(body).toMatchObject({ code: 'internal' });
    expect(JSON.stringify(body)).not.toMatch(/denied|dynamodb/i);
    await denied('dynamodb:GetItem', ':table/');
  });

  test('the subgraphs: their fields are null, with an error that names them', async () => {
    const { status, body } = await graph(await tokenOf('viewer', host), '{ products { name } }', {}, host.url);
    expect(status).toBe(200);
    expect(body).toMatchObject({ errors: [{ extensions: { code: 'SUBGRAPH_UNAVAILABLE', serviceName: 'products' } }] });
    await denied('lambda:InvokeFunctionUrl', ':function:');
  });
});

test('a role that may not sign in to the database stops the start, because seeding needs it', async () => {
  const folder = alteredAssembly('Services', (template) => revoke(template, 'Seed', 'rds-db:connect'));
  await expect(startLocalHost({ cwd: folder.path })).rejects.toThrow(/AccessDenied.*rds-db:connect/s);
  folder.remove();
});

const isApi = ([id, { Type }]: [string, { Type: string }]) =>
  Type === 'AWS::Lambda::Function' && id.startsWith('PlatformApi');

test('an environment variable that is missing stops the start with the names of function and variable', async () => {
  const folder = alteredAssembly('Services', ({ Resources }) => {
    const [, api] = Object.entries(Resources).find(isApi) ?? [];
    delete api?.Properties?.Environment?.Variables.KEYS_TABLE;
  });
  await expect(startLocalHost({ cwd: folder.path })).rejects.toThrow(
    /PlatformApi\w* does not start: environment: KEYS_TABLE is missing/,
  );
  folder.remove();
});

test('a migration that fails stops the start and says which', async () => {
  const folder = alteredAssembly('Services', (template) =>
    revoke(template, 'MigrationsMigrate', 'secretsmanager:GetSecretValue'),
  );
  await expect(startLocalHost({ cwd: folder.path })).rejects.toThrow(
    /MigrationsRun\w* failed: .*not authorized to perform: secretsmanager:GetSecretValue/,
  );
  folder.remove();
});
