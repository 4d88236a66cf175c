import { type StageName, stageOf } from '../../lib/stages';
import { stages, synthesize } from '../support/synthesize';
import { at, type Deployed, text } from '../support/template';

const STATEFUL = [
  'AWS::DynamoDB::GlobalTable',
  'AWS::EC2::Subnet',
  'AWS::EC2::VPC',
  'AWS::ElastiCache::ServerlessCache',
  'AWS::ElastiCache::User',
  'AWS::KMS::Key',
  'AWS::RDS::DBCluster',
  'AWS::RDS::DBInstance',
  'AWS::SecretsManager::Secret',
  'AWS::SQS::Queue',
];
const idsOf = (deployed: Deployed) => STATEFUL.flatMap((type) => deployed.of(type).map(({ id }) => `${type} ${id}`));

/** A logical id that changes is a resource that is deleted and made anew. Never edit a line: add or, on purpose, remove. */
const COMMON = [
  'AWS::DynamoDB::GlobalTable Keys4E30B592',
  'AWS::DynamoDB::GlobalTable WebhooksLogFA30BD03',
  'AWS::DynamoDB::GlobalTable WebhooksSettings9DE6FCD2',
  'AWS::EC2::Subnet VpcprivateSubnet1SubnetCEAD3716',
  'AWS::EC2::Subnet VpcprivateSubnet2Subnet2DE7549C',
  'AWS::EC2::VPC Vpc8378EB38',
  'AWS::ElastiCache::ServerlessCache CacheDAF337C5',
  'AWS::ElastiCache::User CacheUser72FA2B22',
  'AWS::RDS::DBCluster DatabaseCluster5B53A178',
  'AWS::RDS::DBInstance DatabaseClusterWriterD43085C6',
  'AWS::SecretsManager::Secret DatabaseOwnerD07B5662',
  'AWS::SecretsManager::Secret Pepper2B9638F2',
  'AWS::SecretsManager::Secret SigningKeysA56F0358',
  'AWS::SecretsManager::Secret SubgraphKey53952444',
  'AWS::SecretsManager::Secret WebhookKeysE960CFF9',
  'AWS::SQS::Queue WebhooksBulk10D40C90',
  'AWS::SQS::Queue WebhooksDeadLettersA656B8E7',
  'AWS::SQS::Queue WebhooksDeliveries78486319',
  'AWS::SQS::Queue WebhooksRetries6FA77AFC',
];
const NAT_OF_TWO_ZONES = [
  'AWS::EC2::Subnet VpcpublicSubnet1Subnet2BB74ED7',
  'AWS::EC2::Subnet VpcpublicSubnet2SubnetE34B022A',
];
const PINNED: Readonly<Record<StageName, readonly string[]>> = {
  local: [...COMMON, 'AWS::SecretsManager::Secret SeedLoginsD62551EF'],
  dev: [...COMMON, 'AWS::SecretsManager::Secret SeedLoginsD62551EF'],
  staging: [...COMMON, ...NAT_OF_TWO_ZONES, 'AWS::KMS::Key Key961B73FD'],
  prod: [
    ...COMMON,
    ...NAT_OF_TWO_ZONES,
    'AWS::EC2::Subnet VpcprivateSubnet3SubnetA5AC68D9',
    'AWS::EC2::Subnet VpcpublicSubnet3SubnetDFEF064A',
    'AWS::KMS::Key Key961B73FD',
    'AWS::RDS::DBInstance DatabaseClusterReader1D8B76102',
  ],
};
const everyPin = Object.entries(PINNED).map(([name, ids]) => ({ name: stageOf(name).name, ids }));

test.each(everyPin)('the stateful resources of $name keep their logical ids', ({ name, ids }) => {
  expect(idsOf(stages[name]).toSorted()).toEqual(ids.toSorted());
});

test('a copy under another prefix has the same logical ids', () => {
  expect(idsOf(synthesize(stageOf('prod'), 'Second'))).toEqual(idsOf(stages.prod));
});

/** What loses data, or access to it, when it is deleted. The cache can be rebuilt. */
const LASTING = STATEFUL.filter((type) => !/::(EC2|ElastiCache)::/.test(type));
const policiesOf = (deployed: Deployed) =>
  LASTING.flatMap((type) => deployed.of(type)).flatMap(({ DeletionPolicy, UpdateReplacePolicy }) => [
    DeletionPolicy,
    UpdateReplacePolicy,
  ]);

test.each(['staging', 'prod'] as const)('%s keeps all data when a resource or its stack is deleted', (name) => {
  expect(new Set(policiesOf(stages[name]))).toEqual(new Set(['Retain']));
  expect(stages[name].only('AWS::RDS::DBCluster').Properties.DeletionProtection).toBe(true);
  for (const table of stages[name].of('AWS::DynamoDB::GlobalTable'))
    expect(at(table.Properties.Replicas, 0, 'DeletionProtectionEnabled')).toBe(true);
});

test.each(['local', 'dev'] as const)('%s leaves nothing behind that costs money', (name) => {
  expect(new Set(policiesOf(stages[name]))).toEqual(new Set(['Delete']));
});

test.each([
  ['local', false],
  ['dev', false],
  ['staging', true],
  ['prod', true],
] as const)('the stacks that hold state in %s are protected from termination: %s', (name, isProtected) => {
  const { Network, Data, ...others } = stages[name].terminationProtection;
  expect({ Network, Data }).toEqual({ Network: isProtected, Data: isProtected });
  expect(Object.values(others)).not.toContain(true);
});

const STILL = ['Network', 'Data'];
const still = ({ resources }: Deployed) => resources.filter(({ stack }) => STILL.includes(stack));

test.each(['dev', 'prod'] as const)('no deploy of code changes the network or the data of %s', (name) => {
  const all = JSON.stringify(still(stages[name]));
  expect(all).toContain('AWS::RDS::DBCluster');
  expect(all).not.toMatch(/S3Key|S3Bucket|cdk-hnb659fds|-(Services|Gateway|Examples):/);
  expect(still(stages[name]).map(({ Type }) => Type)).not.toContain('AWS::Lambda::Function');
});

test('a feature comes or goes without a change to any resource of the network or the data', () => {
  const staging = stageOf('staging');
  const without = synthesize({ ...staging, exampleSubgraphs: false, corsOrigin: 'https://app.example.com' });
  expect(without.resources.length).toBeLessThan(stages.staging.resources.length);
  expect(still(without)).toEqual(still(stages.staging));
});

test('only a stage that asks for it has a key of its own, and the key turns every year', () => {
  expect(stages.dev.of('AWS::KMS::Key')).toEqual([]);
  const { id, Properties } = stages.prod.only('AWS::KMS::Key');
  expect(Properties.EnableKeyRotation).toBe(true);
  const keyed = stages.prod.resources.filter(
    ({ Properties: { KmsKeyId } }) => text(at(KmsKeyId, 'Fn::GetAtt', 0)) === id,
  );
  expect(keyed.map(({ Type }) => Type).toSorted()).toEqual([
    'AWS::ElastiCache::ServerlessCache',
    'AWS::RDS::DBCluster',
    'AWS::SecretsManager::Secret',
    'AWS::SecretsManager::Secret',
    'AWS::SecretsManager::Secret',
    'AWS::SecretsManager::Secret',
    'AWS::SecretsManager::Secret',
  ]);
});
