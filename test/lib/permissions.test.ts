import { STAGE_NAMES } from '../../lib/stages';
import { nameOf, roleOf, statementsOf } from '../support/functions';
import { stages } from '../support/synthesize';
import { at, type Deployed, list, text } from '../support/template';

const everyStatement = (deployed: Deployed) =>
  deployed.of('AWS::IAM::Role').flatMap((role) => statementsOf(deployed, role));
const actionsOf = (statement: unknown) => list(at(statement, 'Action')).map(text);
const resourcesOf = (statement: unknown) => list(at(statement, 'Resource'));

/** What has no resource that a policy could name. */
const NAMELESS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
  'xray:PutTelemetryRecords',
  'xray:PutTraceSegments',
];

test.each(STAGE_NAMES)('no role of %s may do all of anything', (name) => {
  const actions = everyStatement(stages[name]).flatMap(actionsOf);
  expect(actions.length).toBeGreaterThan(50);
  expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  const inline = stages[name].of('AWS::IAM::Role').filter(({ Properties }) => 'Policies' in Properties);
  expect(inline).toEqual([]);
});

test.each(STAGE_NAMES)('only what has no resource to name is allowed on every resource of %s', (name) => {
  const broad = everyStatement(stages[name]).filter((statement) =>
    JSON.stringify(resourcesOf(statement)).includes('*'),
  );
  const actions = new Set(broad.flatMap(actionsOf));
  expect([...actions].filter((action) => !NAMELESS.includes(action))).toEqual([]);
});

/** What a role may do beyond running: its log group, tracing and network interfaces left out. */
function grantsOf(deployed: Deployed, name: string): string[] {
  const fn = deployed.of('AWS::Lambda::Function').find((each) => nameOf(each) === name);
  if (!fn) throw new Error(`no function ${name}`);
  const grants = statementsOf(deployed, roleOf(deployed, fn)).flatMap((statement) => {
    const actions = actionsOf(statement).filter((action) => !NAMELESS.includes(action) && !action.startsWith('logs:'));
    return resourcesOf(statement).flatMap((resource) =>
      actions.map((action) => `${action} ${deployed.readable(resource)}`),
    );
  });
  return [...new Set(grants)].toSorted();
}

const CACHE = [
  'elasticache:Connect Cache',
  expect.stringMatching(
    /^elasticache:Connect arn:AWS::Partition:elasticache:AWS::Region:AWS::AccountId:user:gatehouse(dev|prod)data-cache-\w{8}$/,
  ),
];
const connect = (store: string, user: string) =>
  `rds-db:connect arn:AWS::Partition:rds-db:AWS::Region:AWS::AccountId:dbuser:${store}/${user}`;
const readSecret = (secret: string) => [
  `secretsmanager:DescribeSecret ${secret}`,
  `secretsmanager:GetSecretValue ${secret}`,
];
const writeSecret = (secret: string) =>
  ['PutSecretValue', 'UpdateSecret', 'UpdateSecretVersionStage'].map((action) => `secretsmanager:${action} ${secret}`);

const KEYS_TABLE = ['GetItem', 'PutItem', 'DeleteItem'].map((action) => `dynamodb:${action} Keys`);
const FETCH = ['lambda:InvokeFunction IssuersKeysFunction', 'lambda:InvokeFunctionUrl IssuersKeysFunction'];

const QUEUES = ['WebhooksDeliveries', 'WebhooksRetries', 'WebhooksBulk'];
const SEND = QUEUES.map((queue) => `sqs:SendMessage ${queue}`);
const TAKE = ['ReceiveMessage', 'ChangeMessageVisibility', 'GetQueueUrl', 'DeleteMessage', 'GetQueueAttributes'];
const LOG_TABLE = ['GetItem', 'PutItem', 'UpdateItem'].map((action) => `dynamodb:${action} WebhooksLog`);

/** Written out, so that whoever widens a grant says so here too. */
const GRANTS = (store: string): Readonly<Record<string, readonly unknown[]>> => ({
  'Services AuthApi': [
    ...CACHE,
    connect(store, 'gatehouse_auth'),
    ...readSecret('SigningKeys'),
    ...readSecret('Pepper'),
  ],
  'Services TenantsApi': [...CACHE, connect(store, 'gatehouse_app'), ...readSecret('Pepper')],
  'Services IssuersApi': [...CACHE, connect(store, 'gatehouse_app'), ...KEYS_TABLE, ...FETCH],
  'Services IssuersRefresh': [...CACHE, connect(store, 'gatehouse_auth'), ...KEYS_TABLE, ...FETCH],
  // Whatever a tenant makes it fetch, it has nothing of ours to give away.
  'Services IssuersKeys': [],
  'Services KeysApi': [
    ...CACHE,
    connect(store, 'gatehouse_app'),
    'dynamodb:PutItem Keys',
    'dynamodb:DeleteItem Keys',
    ...readSecret('Pepper'),
  ],
  'Services LimitsApi': [...CACHE, connect(store, 'gatehouse_app')],
  'Services RegistryApi': [
    ...CACHE,
    connect(store, 'gatehouse_app'),
    ...['RegistryFetch', 'GraphPlan'].flatMap((name) => [
      `lambda:InvokeFunction ${name}Function`,
      `lambda:InvokeFunctionUrl ${name}Function`,
    ]),
  ],
  'Services RegistryFetch': [],
  'Services GraphPlan': [...CACHE, connect(store, 'gatehouse_app')],
  'Services AuditApi': [...CACHE, connect(store, 'gatehouse_app')],
  'Services AuthAuthorizer': [...CACHE, 'dynamodb:GetItem Keys', ...readSecret('Pepper'), ...FETCH],
  'Services AuthRotate': [
    ...CACHE,
    'dynamodb:PutItem Keys',
    ...readSecret('SigningKeys'),
    ...writeSecret('SigningKeys'),
    ...readSecret('SubgraphKey'),
    ...writeSecret('SubgraphKey'),
    ...readSecret('DatabaseOwnerAttachment'),
    ...writeSecret('DatabaseOwnerAttachment'),
  ],
  'Services PlatformApi': [...CACHE, connect(store, 'gatehouse_app'), 'dynamodb:GetItem Keys'],
  'Services MigrationsMigrate': readSecret('DatabaseOwnerAttachment'),
  'Services WebhooksApi': [
    ...CACHE,
    connect(store, 'gatehouse_app'),
    ...['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'].map(
      (action) => `dynamodb:${action} WebhooksSettings`,
    ),
    ...LOG_TABLE,
    'dynamodb:BatchGetItem WebhooksLog',
    'dynamodb:Query WebhooksLog',
    'dynamodb:Query WebhooksLog/index/waits',
    ...SEND,
    ...readSecret('WebhookKeys'),
  ],
  // Whatever a tenant makes it send, it sits outside the network and reaches no store of tenants' rows.
  'Services WebhooksDeliver': [
    ...['GetItem', 'Query', 'PutItem', 'UpdateItem'].map((action) => `dynamodb:${action} WebhooksSettings`),
    ...LOG_TABLE,
    'dynamodb:BatchGetItem WebhooksLog',
    'dynamodb:BatchWriteItem WebhooksLog',
    ...SEND,
    ...QUEUES.flatMap((queue) => TAKE.map((action) => `sqs:${action} ${queue}`)),
    ...readSecret('WebhookKeys'),
  ],
  'Services WebhooksSweep': [
    ...['GetItem', 'Query', 'PutItem', 'UpdateItem'].map((action) => `dynamodb:${action} WebhooksSettings`),
    ...LOG_TABLE,
    'dynamodb:BatchGetItem WebhooksLog',
    'dynamodb:Query WebhooksLog/index/waits',
    ...SEND,
  ],
});

const EXAMPLES = ['accounts', 'products', 'reviews'];
const ASKS_EXAMPLES = [
  ...CACHE,
  connect('DatabaseCluster', 'gatehouse_app'),
  ...EXAMPLES.flatMap((name) => [`lambda:InvokeFunction ${name}Function`, `lambda:InvokeFunctionUrl ${name}Function`]),
];
const DEV_GRANTS: Readonly<Record<string, readonly unknown[]>> = {
  'Services GraphApi': [...ASKS_EXAMPLES, ...readSecret('SubgraphKey')],
  'Services RegistryCheck': ASKS_EXAMPLES,
  'Services Seed': [
    connect('DatabaseCluster', 'gatehouse_auth'),
    'dynamodb:PutItem Keys',
    ...readSecret('Pepper'),
    ...readSecret('SeedLogins'),
    ...writeSecret('SeedLogins'),
  ],
  'Services PublishedExamples': [...CACHE, connect('DatabaseCluster', 'gatehouse_auth')],
  'Examples MigrationsMigrate': readSecret('DatabaseOwnerAttachment'),
  ...Object.fromEntries(
    EXAMPLES.map((name) => [`Examples ${name}`, [connect('DatabaseCluster', 'gatehouse_examples')]]),
  ),
};

describe.each([
  ['dev', { ...GRANTS('DatabaseCluster'), ...DEV_GRANTS }],
  [
    'prod',
    {
      ...GRANTS('DatabaseClusterProxy'),
      'Services GraphApi': [...CACHE, connect('DatabaseClusterProxy', 'gatehouse_app'), ...readSecret('SubgraphKey')],
      'Services RegistryCheck': [...CACHE, connect('DatabaseClusterProxy', 'gatehouse_app')],
    },
  ],
] as const)('in %s', (name, grants) => {
  test.each(Object.entries(grants))('%s may reach what it was granted and nothing else', (fn, granted) => {
    const found = grantsOf(stages[name], fn);
    expect(found).toEqual(expect.arrayContaining([...granted]));
    expect(found).toHaveLength(granted.length);
  });

  test('no function is left out of this table', () => {
    expect(stages[name].of('AWS::Lambda::Function').map(nameOf).toSorted()).toEqual(Object.keys(grants).toSorted());
  });
});

describe.each(['dev', 'prod'] as const)('whom the functions of %s admit', (name) => {
  const permissions = () => stages[name].of('AWS::Lambda::Permission').map(({ Properties }) => Properties);
  const byPrincipal = (principal: string) => permissions().filter(({ Principal }) => Principal === principal);

  test('the gateway: one permission a function for all its routes, for this API alone', () => {
    const admitted = byPrincipal('apigateway.amazonaws.com');
    expect(admitted.map(({ FunctionName }) => stages[name].readable(FunctionName)).toSorted()).toEqual([
      'AuditApiFunction',
      'AuthApiFunction',
      'AuthAuthorizerFunction',
      'GraphApiFunction',
      'IssuersApiFunction',
      'KeysApiFunction',
      'LimitsApiFunction',
      'PlatformApiFunction',
      'RegistryApiFunction',
      'TenantsApiFunction',
      'WebhooksApiFunction',
    ]);
    expect(new Set(admitted.map(({ SourceArn }) => stages[name].readable(SourceArn)))).toEqual(
      new Set(['arn:AWS::Partition:execute-api:AWS::Region:AWS::AccountId:Api/*']),
    );
  });

  test('Secrets Manager of this account, to rotate', () => {
    expect(byPrincipal('secretsmanager.amazonaws.com')).toEqual([
      expect.objectContaining({ SourceAccount: { Ref: 'AWS::AccountId' } }),
    ]);
  });

  test('EventBridge, for one schedule each', () => {
    const admitted = byPrincipal('events.amazonaws.com').map(({ FunctionName, SourceArn }) =>
      [FunctionName, SourceArn].map((each) => stages[name].readable(each)).join(' by '),
    );
    expect(admitted.toSorted()).toEqual([
      'GraphPlanFunction by GraphPlanAhead',
      'IssuersRefreshFunction by IssuersEveryTenMinutes',
      'RegistryCheckFunction by RegistryEveryMinute',
      'WebhooksSweepFunction by WebhooksEveryMinute',
    ]);
  });

  test('nobody else', () => {
    expect(permissions()).toHaveLength(16);
  });
});
