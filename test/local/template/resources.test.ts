import type { JsonObject } from '../../../local/json';
import type { Assembly } from '../../../local/template/assembly';
import { noFacts } from '../../../local/template/facts';
import { resourcesOf } from '../../../local/template/resources';
import { type Fixture, readFixture } from '../fixture/host';

let fixture: Fixture;
beforeAll(() => {
  fixture = readFixture();
});
afterAll(() => fixture.remove());

const variables = (id: string) => fixture.find('AWS::Lambda::Function', id).properties.Environment;

const onlyPassword = (reference: string) =>
  reference === 'secretsmanager:key:SecretString:password::' ? 'hush' : undefined;

/** A stack of one template, without synthesis. */
const assemblyOf = (Resources: JsonObject, more: JsonObject = {}): Assembly => ({
  stacks: [{ name: 'S', template: { Resources, ...more } }],
  assetFolder: () => undefined,
});

const address = { host: 'localhost', port: 7 };
const facts = { ...noFacts(), awsEndpoint: 'http://aws', redis: address, postgres: address };
facts.functionUrls.set('S-X', 'http://function');
facts.customResources.set('S-X', { physicalId: 'phys', attributes: { Version: '3' } });

test.each<[type: string, attribute: string, expected: string, properties?: JsonObject]>([
  ['AWS::ApiGateway::RestApi', 'Ref', 'S-X'],
  ['AWS::ApiGateway::Stage', 'Ref', 'live', { StageName: 'live' }],
  ['AWS::CloudFormation::CustomResource', 'Ref', 'phys'],
  ['Custom::Migration', 'Version', '3'],
  ['AWS::DynamoDB::GlobalTable', 'Ref', 'S-X'],
  ['AWS::DynamoDB::Table', 'Arn', 'arn:aws:dynamodb:us-east-1:000000000000:table/fixed', { TableName: 'fixed' }],
  ['AWS::EC2::SecurityGroup', 'GroupId', 'S-X-GroupId'],
  [
    'AWS::ElastiCache::ServerlessCache',
    'ARN',
    'arn:aws:elasticache:us-east-1:000000000000:serverlesscache:c',
    { ServerlessCacheName: 'c' },
  ],
  ['AWS::ElastiCache::ServerlessCache', 'Endpoint.Address', 'localhost'],
  ['AWS::ElastiCache::ServerlessCache', 'Endpoint.Port', '7'],
  ['AWS::ElastiCache::User', 'Arn', 'arn:aws:elasticache:us-east-1:000000000000:user:u', { UserId: 'u' }],
  ['AWS::ElastiCache::UserGroup', 'Ref', 'g', { UserGroupId: 'g' }],
  ['AWS::Events::Rule', 'Arn', 'arn:aws:events:us-east-1:000000000000:rule/S-X'],
  ['AWS::IAM::ManagedPolicy', 'Ref', 'arn:aws:iam::000000000000:policy/S-X'],
  ['AWS::IAM::Role', 'Arn', 'arn:aws:iam::000000000000:role/S-X'],
  ['AWS::KMS::Key', 'Arn', 'arn:aws:kms:us-east-1:000000000000:key/b200e42d8f363158d2571df77308d7d6'],
  ['AWS::Lambda::Alias', 'Ref', 'f:live', { FunctionName: 'f', Name: 'live' }],
  ['AWS::Lambda::Function', 'Arn', 'arn:aws:lambda:us-east-1:000000000000:function:S-X'],
  ['AWS::Lambda::Url', 'FunctionUrl', 'http://function/'],
  ['AWS::Logs::LogGroup', 'Arn', 'arn:aws:logs:us-east-1:000000000000:log-group:S-X:*'],
  ['AWS::RDS::DBCluster', 'Endpoint.Address', 'localhost'],
  ['AWS::RDS::DBCluster', 'Endpoint.Port', '7'],
  ['AWS::RDS::DBCluster', 'ReadEndpoint.Address', 'localhost'],
  ['AWS::RDS::DBProxy', 'Endpoint', 'localhost'],
  ['AWS::Scheduler::Schedule', 'Arn', 'arn:aws:scheduler:us-east-1:000000000000:schedule/default/S-X'],
  ['AWS::SecretsManager::SecretTargetAttachment', 'Ref', 'the-secret', { SecretId: 'the-secret' }],
  ['AWS::SNS::Topic', 'Ref', 'arn:aws:sns:us-east-1:000000000000:S-X'],
  ['AWS::SQS::Queue', 'Ref', 'http://aws/000000000000/S-X'],
  ['AWS::SQS::Queue', 'QueueName', 'S-X.fifo', { FifoQueue: true }],
  ['AWS::SQS::Queue', 'Arn', 'arn:aws:sqs:us-east-1:000000000000:S-X'],
  ['AWS::Something::New', 'Ref', 'S-X'],
])('%s gives its %s', (type, attribute, expected, properties = {}) => {
  const [resource] = resourcesOf(assemblyOf({ X: { Type: type, Properties: properties } }), facts);
  expect(attribute === 'Ref' ? resource?.ref : resource?.attribute(attribute)).toBe(expected);
});

test('ids that grants are made of look like those of AWS', () => {
  const resources = resourcesOf(
    assemblyOf({ C: { Type: 'AWS::RDS::DBCluster' }, P: { Type: 'AWS::RDS::DBProxy' } }),
    facts,
  );
  expect(resources[0]?.attribute('DBClusterResourceId')).toMatch(/^cluster-[0-9A-F]{26}$/);
  expect(resources[1]?.attribute('DBProxyArn')).toMatch(
    /^arn:aws:rds:us-east-1:000000000000:db-proxy:prx-[0-9a-f]{17}$/,
  );
});

test.each(['AWS::RDS::DBCluster', 'AWS::ElastiCache::ServerlessCache'])(
  '%s has no address before its store runs',
  (type) => {
    const [resource] = resourcesOf(assemblyOf({ X: { Type: type } }), noFacts());
    expect(() => resource?.attribute('Endpoint.Address')).toThrow(`Fn::GetAtt X.Endpoint.Address (${type})`);
  },
);

test('a property without a value here stops only who reads it', () => {
  const [resource] = resourcesOf(
    assemblyOf({ X: { Type: 'A', Properties: { good: 'g', bad: { Ref: 'Nobody' } } } }),
    facts,
  );
  expect(resource?.properties.good).toBe('g');
  expect(() => resource?.properties.bad).toThrow('Ref Nobody (no such resource) is not known on this machine (at bad)');
});

test('a resource whose condition does not hold is not there', () => {
  const Conditions = { Never: { 'Fn::Equals': ['a', 'b'] }, Always: { 'Fn::Not': [{ Condition: 'Never' }] } };
  const templates = { A: { Type: 'T', Condition: 'Never' }, B: { Type: 'T', Condition: 'Always' } };
  expect(resourcesOf(assemblyOf(templates, { Conditions }), facts).map(({ id }) => id)).toEqual(['B']);
});

test('resources come after those that they refer to or depend on', () => {
  const templates = {
    A: { Type: 'T', Properties: { x: { 'Fn::GetAtt': ['B', 'Arn'] } } },
    B: { Type: 'T', DependsOn: ['C'] },
    C: { Type: 'T', Properties: { x: { 'Fn::Sub': 'plain' } } },
  };
  expect(resourcesOf(assemblyOf(templates), facts).map(({ id }) => id)).toEqual(['C', 'B', 'A']);
});

test('a dynamic reference is left to the host', () => {
  const templates = { X: { Type: 'T', Properties: { p: '{{resolve:secretsmanager:key:SecretString:password::}}' } } };
  expect(resourcesOf(assemblyOf(templates), { ...facts, dynamicReference: onlyPassword })[0]?.properties.p).toBe(
    'hush',
  );
  expect(() => resourcesOf(assemblyOf(templates), facts)[0]?.properties.p).toThrow('{{resolve:secretsmanager');
});

describe('of synthesized stacks', () => {
  test('values cross from stack to stack, mappings, conditions and parameters hold', () => {
    expect(variables('Actor')).toEqual({
      Variables: expect.objectContaining({
        QUEUE_URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:4566\/000000000000\/FixtureData-Jobs/),
        SECRET_ARN: expect.stringMatching(
          /^arn:aws:secretsmanager:us-east-1:000000000000:secret:FixtureData-Key\w+-[0-9a-f]{6}$/,
        ),
        RATE: '100',
        EAST: 'yes',
      }),
    });
  });

  test('the stage URL of a REST API is the local one', () => {
    const api = fixture.find('AWS::ApiGateway::RestApi', 'Api');
    fixture.facts.restApiUrls.set(api.ref, 'http://127.0.0.1:3000');
    const url = fixture.find('AWS::Lambda::Url', 'Actor');
    fixture.facts.functionUrls.set(`${url.stack}-${url.id}`, 'http://127.0.0.1:3001');
    expect(variables('Caller')).toEqual({
      Variables: { API_URL: 'http://127.0.0.1:3000/', URL: 'http://127.0.0.1:3001/' },
    });
  });

  test('stacks come after those that they depend on', () => {
    expect(fixture.assembly.stacks.map(({ name }) => name)).toEqual(['FixtureData', 'FixtureApi', 'FixtureLast']);
  });

  test('names are the same in every run', () => {
    const again = readFixture();
    expect(again.resources.map(({ ref }) => ref)).toEqual(fixture.resources.map(({ ref }) => ref));
    again.remove();
  });
});
