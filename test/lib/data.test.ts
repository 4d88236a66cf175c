import { STAGE_NAMES, stageOf } from '../../lib/stages';
import { stages, synthesize } from '../support/synthesize';
import { at, list } from '../support/template';

const BOTH = ['dev', 'prod'] as const;

describe.each(BOTH)('the tables of %s', (name) => {
  const tables = () => stages[name].of('AWS::DynamoDB::GlobalTable').map(({ Properties }) => Properties);

  test('can be put back to any second of the last weeks', () => {
    expect(tables()).toHaveLength(3);
    for (const { Replicas } of tables())
      expect(at(Replicas, 0, 'PointInTimeRecoverySpecification')).toEqual({ PointInTimeRecoveryEnabled: true });
  });

  test('cost by the request, and forget what has expired', () => {
    for (const table of tables())
      expect(table).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        TimeToLiveSpecification: { AttributeName: 'expiresAtSeconds', Enabled: true },
      });
  });
});

describe.each(BOTH)('the database of %s', (name) => {
  test('is encrypted, and takes IAM tokens', () => {
    expect(stages[name].only('AWS::RDS::DBCluster').Properties).toMatchObject({
      StorageEncrypted: true,
      EnableIAMDatabaseAuthentication: true,
    });
  });

  test('is reached from inside the VPC only', () => {
    const instances = stages[name].of('AWS::RDS::DBInstance');
    expect(instances.map(({ Properties }) => Properties.PubliclyAccessible)).toEqual(instances.map(() => false));
  });

  test('has the capacity and backups of its stage', () => {
    const { minCapacityUnits, maxCapacityUnits, backupDays } = stageOf(name).database;
    expect(stages[name].only('AWS::RDS::DBCluster').Properties).toMatchObject({
      BackupRetentionPeriod: backupDays,
      ServerlessV2ScalingConfiguration: { MinCapacity: minCapacityUnits, MaxCapacity: maxCapacityUnits },
    });
  });
});

test('the database of dev pauses after ten idle minutes; that of prod never', () => {
  const [dev, prod] = BOTH.map((name) => stages[name].only('AWS::RDS::DBCluster').Properties);
  expect(dev?.ServerlessV2ScalingConfiguration).toMatchObject({ MinCapacity: 0, SecondsUntilAutoPause: 600 });
  expect(prod?.ServerlessV2ScalingConfiguration).not.toHaveProperty('SecondsUntilAutoPause');
});

describe('the proxy', () => {
  test('stands in prod and staging, and not in dev, whose database it would keep awake', () => {
    const withProxy = STAGE_NAMES.filter((name) => stages[name].of('AWS::RDS::DBProxy').length === 1);
    expect(withProxy).toEqual(['staging', 'prod']);
  });

  test('knows no password: IAM from the caller to the cluster, over TLS', () => {
    const { Properties } = stages.prod.only('AWS::RDS::DBProxy');
    expect(Properties).toMatchObject({ DefaultAuthScheme: 'IAM_AUTH', RequireTLS: true });
    expect(Properties).not.toHaveProperty('Auth');
  });

  test('may sign in to the cluster as the users of the functions, and as nobody else', () => {
    const policy = stages.prod.of('AWS::IAM::Policy').find(({ id }) => id.startsWith('DatabaseProxyRole'));
    const statements = list(at(policy?.Properties.PolicyDocument, 'Statement'));
    expect(statements.map((statement) => at(statement, 'Action'))).toEqual(['rds-db:connect']);
    expect(list(at(statements[0], 'Resource')).map((resource) => stages.prod.readable(resource))).toEqual([
      'arn:AWS::Partition:rds-db:AWS::Region:AWS::AccountId:dbuser:DatabaseCluster/gatehouse_app',
      'arn:AWS::Partition:rds-db:AWS::Region:AWS::AccountId:dbuser:DatabaseCluster/gatehouse_auth',
      'arn:AWS::Partition:rds-db:AWS::Region:AWS::AccountId:dbuser:DatabaseCluster/gatehouse_examples',
    ]);
  });
});

describe.each(BOTH)('the cache of %s', (name) => {
  test('knows one user, who signs in with IAM and may not administrate', () => {
    const { Properties } = stages[name].only('AWS::ElastiCache::User');
    expect(Properties).toMatchObject({
      Engine: 'valkey',
      AuthenticationMode: { Type: 'iam' },
      AccessString: 'on ~* &* +@all -@admin -@dangerous +info',
    });
    expect(Properties).not.toHaveProperty('Passwords');
    expect(Properties).not.toHaveProperty('NoPasswordRequired');
    // ElastiCache refuses another name for a user that signs in with IAM.
    expect(Properties.UserName).toBe(Properties.UserId);
    const group = stages[name].only('AWS::ElastiCache::UserGroup').Properties;
    expect(list(group.UserIds).map((user) => stages[name].readable(user))).toEqual(['CacheUser']);
  });

  test('has names that ElastiCache takes', () => {
    const { ServerlessCacheName } = stages[name].only('AWS::ElastiCache::ServerlessCache').Properties;
    const { UserId } = stages[name].only('AWS::ElastiCache::User').Properties;
    for (const id of [ServerlessCacheName, UserId]) expect(id).toMatch(/^(?=.{1,40}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
  });

  test('cannot grow, nor cost, past the limits of its stage', () => {
    const { maxStorageGb, maxUnitsPerSecond } = stageOf(name).cache;
    expect(stages[name].only('AWS::ElastiCache::ServerlessCache').Properties.CacheUsageLimits).toEqual({
      DataStorage: { Maximum: maxStorageGb, Unit: 'GB' },
      ECPUPerSecond: { Maximum: maxUnitsPerSecond },
    });
  });
});

describe.each(BOTH)('the alarm topic of %s', (name) => {
  test('takes messages over TLS only, and from the alarms of this account', () => {
    const { PolicyDocument } = stages[name].only('AWS::SNS::TopicPolicy').Properties;
    expect(at(PolicyDocument, 'Statement')).toEqual([
      expect.objectContaining({
        Effect: 'Deny',
        Principal: '*',
        Action: 'sns:Publish',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
      expect.objectContaining({
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: 'sns:Publish',
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      }),
    ]);
  });
});

test('a stage that names an address is told there', () => {
  expect(stages.dev.of('AWS::SNS::Subscription')).toEqual([]);
  const told = synthesize({ ...stageOf('dev'), alarmEmail: 'ops@example.com' });
  expect(told.only('AWS::SNS::Subscription').Properties).toMatchObject({
    Protocol: 'email',
    Endpoint: 'ops@example.com',
  });
});

describe.each(BOTH)('the secrets of %s', (name) => {
  test('are drawn by Secrets Manager: the template holds none', () => {
    for (const { Properties } of stages[name].of('AWS::SecretsManager::Secret')) {
      expect(Properties).not.toHaveProperty('SecretString');
      expect(Properties).toHaveProperty('GenerateSecretString');
    }
  });

  test('turn every 30 days: the signing keys at once, those for subgraphs and the owner’s password not while migrations read it', () => {
    const schedules = stages[name].of('AWS::SecretsManager::RotationSchedule').map(({ Properties }) => ({
      secret: stages[name].readable(Properties.SecretId),
      atOnce: Properties.RotateImmediatelyOnUpdate,
      rules: Properties.RotationRules,
    }));
    const rules = { ScheduleExpression: 'rate(30 days)' };
    expect(schedules).toEqual([
      { secret: 'SigningKeys', atOnce: true, rules },
      { secret: 'SubgraphKey', atOnce: false, rules },
      { secret: 'DatabaseOwnerAttachment', atOnce: false, rules },
    ]);
  });
});
