import { createHash } from 'node:crypto';
import { ACCOUNT, arn } from '../aws/arn';
import { text } from '../json';
import type { Facts } from './facts';

/** A resource as this table sees it. */
interface Self {
  /** `<stack>-<logicalId>`: the same in every run, because it keys the data that stays between runs. */
  readonly name: string;
  readonly facts: Facts;
  /** A property, its intrinsics resolved. */
  property(name: string): unknown;
}

/** What `Ref` and `Fn::GetAtt` give. `undefined`: not known on this machine, or not yet. */
type Looks = Readonly<Record<string, string | undefined>> & { readonly Ref: string | undefined };

/** Stands in for a suffix or an id that AWS draws at random, but is the same in every run. */
const stable = (name: string, length: number): string =>
  createHash('sha256').update(name).digest('hex').slice(0, length);

/** The name that the template fixes, or else the generated one. */
const named = (self: Self, property: string): string => text(self.property(property)) ?? self.name;

const port = (value: number | undefined): string | undefined => (value === undefined ? undefined : String(value));

const table = (self: Self): Looks => {
  const name = named(self, 'TableName');
  return { Ref: name, Arn: arn('dynamodb', `table/${name}`) };
};

const custom = (self: Self): Looks => {
  const answer = self.facts.customResources.get(self.name);
  return { ...answer?.attributes, Ref: answer?.physicalId };
};

/** How each type of resource looks on this machine. */
const TYPES: Readonly<Record<string, (self: Self) => Looks>> = {
  'AWS::ApiGateway::RestApi': ({ name }) => ({ Ref: name, RestApiId: name, RootResourceId: stable(name, 10) }),
  'AWS::ApiGateway::Stage': (self) => ({ Ref: named(self, 'StageName') }),
  'AWS::CloudFormation::CustomResource': custom,
  'AWS::DynamoDB::GlobalTable': table,
  'AWS::DynamoDB::Table': table,
  'AWS::ElastiCache::ServerlessCache': (self) => {
    const name = named(self, 'ServerlessCacheName');
    const { redis } = self.facts;
    return {
      Ref: name,
      ARN: arn('elasticache', `serverlesscache:${name}`),
      'Endpoint.Address': redis?.host,
      'Endpoint.Port': port(redis?.port),
      'ReaderEndpoint.Address': redis?.host,
      'ReaderEndpoint.Port': port(redis?.port),
    };
  },
  'AWS::ElastiCache::User': (self) => {
    const id = named(self, 'UserId');
    return { Ref: id, Arn: arn('elasticache', `user:${id}`) };
  },
  'AWS::ElastiCache::UserGroup': (self) => {
    const id = named(self, 'UserGroupId');
    return { Ref: id, Arn: arn('elasticache', `usergroup:${id}`) };
  },
  'AWS::Events::Rule': (self) => {
    const name = named(self, 'Name');
    return { Ref: name, Arn: arn('events', `rule/${name}`) };
  },
  'AWS::IAM::ManagedPolicy': (self) => {
    const policy = `arn:aws:iam::${ACCOUNT}:policy/${named(self, 'ManagedPolicyName')}`;
    return { Ref: policy, PolicyArn: policy };
  },
  'AWS::IAM::Role': (self) => {
    const name = named(self, 'RoleName');
    return { Ref: name, Arn: `arn:aws:iam::${ACCOUNT}:role/${name}`, RoleId: `AROA${stable(name, 17).toUpperCase()}` };
  },
  'AWS::KMS::Key': ({ name }) => {
    const id = stable(name, 32);
    return { Ref: id, KeyId: id, Arn: arn('kms', `key/${id}`) };
  },
  'AWS::Lambda::Alias': (self) => {
    const alias = `${text(self.property('FunctionName')) ?? ''}:${text(self.property('Name')) ?? ''}`;
    return { Ref: alias, AliasArn: alias };
  },
  'AWS::Lambda::Function': (self) => {
    const name = named(self, 'FunctionName');
    return { Ref: name, Arn: arn('lambda', `function:${name}`) };
  },
  'AWS::Lambda::Url': (self) => ({
    Ref: text(self.property('TargetFunctionArn')),
    FunctionArn: text(self.property('TargetFunctionArn')),
    // The slash at the end is AWS's.
    FunctionUrl: self.facts.functionUrls.has(self.name) ? `${self.facts.functionUrls.get(self.name)}/` : undefined,
  }),
  'AWS::Logs::LogGroup': (self) => {
    const name = named(self, 'LogGroupName');
    return { Ref: name, Arn: arn('logs', `log-group:${name}:*`) };
  },
  'AWS::RDS::DBCluster': (self) => {
    const name = named(self, 'DBClusterIdentifier');
    const { postgres } = self.facts;
    return {
      Ref: name,
      DBClusterArn: arn('rds', `cluster:${name}`),
      DBClusterResourceId: `cluster-${stable(name, 26).toUpperCase()}`,
      'Endpoint.Address': postgres?.host,
      'Endpoint.Port': port(postgres?.port),
      'ReadEndpoint.Address': postgres?.host,
    };
  },
  'AWS::RDS::DBProxy': (self) => {
    const name = named(self, 'DBProxyName');
    return {
      Ref: name,
      // A grant to connect takes the resource id from the end of this ARN, so it must look like AWS's.
      DBProxyArn: arn('rds', `db-proxy:prx-${stable(name, 17)}`),
      Endpoint: self.facts.postgres?.host,
    };
  },
  'AWS::Scheduler::Schedule': (self) => {
    const name = named(self, 'Name');
    return { Ref: name, Arn: arn('scheduler', `schedule/${text(self.property('GroupName')) ?? 'default'}/${name}`) };
  },
  'AWS::SecretsManager::RotationSchedule': (self) => ({ Ref: text(self.property('SecretId')) }),
  'AWS::SecretsManager::Secret': (self) => {
    const name = named(self, 'Name');
    const secret = arn('secretsmanager', `secret:${name}-${stable(name, 6)}`);
    return { Ref: secret, Id: secret };
  },
  'AWS::SecretsManager::SecretTargetAttachment': (self) => ({ Ref: text(self.property('SecretId')) }),
  'AWS::SNS::Topic': (self) => {
    const name = named(self, 'TopicName');
    const topic = arn('sns', name);
    return { Ref: topic, TopicArn: topic, TopicName: name };
  },
  'AWS::SQS::Queue': (self) => {
    const suffix = self.property('FifoQueue') === true ? '.fifo' : '';
    const name = text(self.property('QueueName')) ?? self.name + suffix;
    const { awsEndpoint } = self.facts;
    const url = awsEndpoint === undefined ? undefined : `${awsEndpoint}/${ACCOUNT}/${name}`;
    return { Ref: url, QueueUrl: url, Arn: arn('sqs', name), QueueName: name };
  },
};

/** Networks, alarms, web ACLs: nothing that a function needs here depends on them, so any attribute is an opaque id. */
const OPAQUE = /^AWS::(?:EC2|CloudWatch|WAFv2|Logs|IAM|KMS|RDS|ApiGateway|SNS|SQS|Lambda)::/;

/**
 * What `Ref` (as `'Ref'`) or `Fn::GetAtt` gives for a resource of this type.
 * `undefined` when this machine does not know it, or does not know it yet.
 */
export const lookUp = (type: string, attribute: string, self: Self): string | undefined => {
  const looks = type.startsWith('Custom::') ? custom : TYPES[type];
  if (looks !== undefined) return looks(self)[attribute];
  if (attribute === 'Ref') return self.name;
  return OPAQUE.test(type) ? `${self.name}-${attribute}` : undefined;
};
