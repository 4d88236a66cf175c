import { stageOf } from '../../lib/stages';
import { nameOf, roleOf, statementsOf } from '../support/functions';
import { stages, synthesize } from '../support/synthesize';
import { at } from '../support/template';

const admin = { email: 'ada@initech.example', organisation: 'Initech' };
const deployed = synthesize({ ...stageOf('prod'), firstAdmin: admin });
const fn = deployed.of('AWS::Lambda::Function').find((each) => nameOf(each) === 'Services FirstAdmin');

test('a stage that names its first administrator invites that person at deploy', () => {
  const run = deployed.of('AWS::CloudFormation::CustomResource').find(({ id }) => id.startsWith('FirstAdmin'));
  expect(run?.Properties).toMatchObject(admin);
  expect(at(run?.Properties.ServiceToken, 'Fn::GetAtt', 0)).toBe(fn?.id);
  const secrets = deployed.of('AWS::SecretsManager::Secret').filter(({ id }) => id.startsWith('FirstInvitation'));
  expect(secrets).toHaveLength(1);
  expect(secrets[0]?.DeletionPolicy).toBe('Retain');
});

test('the function may write the invitation and read no secret', () => {
  const statements = JSON.stringify(fn && statementsOf(deployed, roleOf(deployed, fn)));
  expect(statements).toContain('secretsmanager:PutSecretValue');
  expect(statements).not.toContain('secretsmanager:GetSecretValue');
});

test('a stage that names nobody has neither the function nor the secret', () => {
  const ids = stages.prod.resources.map(({ id }) => id);
  expect(ids.filter((id) => id.startsWith('First'))).toEqual([]);
});
