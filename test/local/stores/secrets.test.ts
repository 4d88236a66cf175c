import { readFileSync, statSync } from 'node:fs';
import * as fc from 'fast-check';
import { generateSecretString, randomPassword } from '../../../local/stores/password';
import { attachTargets, openSecrets } from '../../../local/stores/secrets';
import { resource, temporaryFolder } from '../support';

const file = `${temporaryFolder()}/secrets.json`;
const ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:Database-abcdef';
const database = resource(
  'AWS::SecretsManager::Secret',
  'Database',
  { GenerateSecretString: { SecretStringTemplate: '{"username":"app"}', GenerateStringKey: 'password' } },
  ARN,
);

test('a password has the length and the characters that were asked for, and one of each type', () => {
  const options = fc.record({
    PasswordLength: fc.integer({ min: 4, max: 100 }),
    ExcludeCharacters: fc.string(),
    ExcludePunctuation: fc.boolean(),
    ExcludeNumbers: fc.boolean(),
    IncludeSpace: fc.boolean(),
  });
  fc.assert(
    fc.property(options, (asked) => {
      const password = randomPassword(asked);
      expect(password).toHaveLength(asked.PasswordLength);
      expect(password.split('').filter((character) => asked.ExcludeCharacters.includes(character))).toEqual([]);
      if (asked.ExcludePunctuation) expect(password).toMatch(/^[\w ]*$/);
      if (asked.ExcludeNumbers) expect(password).not.toMatch(/\d/);
      if (!asked.IncludeSpace) expect(password).not.toContain(' ');
      expect(password).toMatch(asked.ExcludeCharacters === '' ? /[a-z]/ : /./);
    }),
  );
});

test('two passwords are never the same', () => {
  expect(new Set(Array.from({ length: 1000 }, () => randomPassword({}))).size).toBe(1000);
});

test('a generated string is put beside what its template holds', () => {
  const value = generateSecretString({
    SecretStringTemplate: '{"user":"x"}',
    GenerateStringKey: 'key',
    PasswordLength: 9,
  });
  expect(JSON.parse(value)).toEqual({ user: 'x', key: expect.stringMatching(/^.{9}$/) });
});

test('a secret keeps its value between runs, in a file that only its owner can read', () => {
  const first = openSecrets(file, [database]).value(ARN);
  expect(openSecrets(file, [database]).value(ARN)).toBe(first);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

const clusterAt = (port: string) =>
  resource('AWS::RDS::DBCluster', 'Cluster', { Engine: 'aurora-postgresql', DatabaseName: 'gatehouse' }, 'cluster-id', {
    'Endpoint.Address': 'localhost',
    'Endpoint.Port': port,
  });

test('an attached secret has the address of its database, that of this run', () => {
  const attachment = resource('AWS::SecretsManager::SecretTargetAttachment', 'Attachment', {
    SecretId: ARN,
    TargetId: 'cluster-id',
    TargetType: 'AWS::RDS::DBCluster',
  });
  for (const port of ['5000', '6000']) {
    const resources = [database, attachment, clusterAt(port)];
    const store = openSecrets(file, resources);
    const password: unknown = JSON.parse(store.value(ARN)).password;
    attachTargets(store, resources);
    expect(JSON.parse(store.value(ARN))).toEqual({
      username: 'app',
      password,
      engine: 'postgres',
      host: 'localhost',
      port: Number(port),
      dbname: 'gatehouse',
      dbClusterIdentifier: 'cluster-id',
    });
  }
  expect(readFileSync(file, 'utf8')).toContain('6000');
});
