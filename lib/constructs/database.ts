import { Duration, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { NetworkStack } from '../network';
import type { Stage } from '../stages';
import { accept } from './accept';
import { asInterface } from './as-interface';
import { removal } from './removal';

interface DatabaseProps {
  readonly stage: Stage;
  readonly network: NetworkStack;
  readonly encryptionKey?: kms.IKey;
}

const NAME = 'gatehouse';
const OWNER = 'gatehouse_owner';

/** Who signs in with an IAM token. The migrations make these users; the proxy may sign in as them and nobody else. */
const USERS = ['gatehouse_app', 'gatehouse_auth', 'gatehouse_examples'] as const;
export type DatabaseUser = (typeof USERS)[number];

/** Aurora PostgreSQL on Serverless v2, signed in to with IAM tokens; behind a proxy where the stage has one. */
export class Database extends Construct {
  /** The owner's login: for migrations and for the rotation of itself, for nothing else. */
  readonly owner: secretsmanager.ISecret;
  private readonly cluster: rds.DatabaseCluster;
  private readonly proxy: rds.DatabaseProxy | undefined;

  constructor(scope: Construct, id: string, { stage, network, encryptionKey }: DatabaseProps) {
    super(scope, id);
    const { minCapacityUnits, maxCapacityUnits, readers, proxy, backupDays } = stage.database;
    const keyed = encryptionKey && { encryptionKey };
    // Immutable: the network's stack says who may speak to whom; CDK would add rules there that name this stack.
    const group = ec2.SecurityGroup.fromSecurityGroupId(this, 'Group', network.database.securityGroupId, {
      mutable: false,
    });
    // Made here and not by the cluster, whose own would be deleted with the stack even where the cluster stays.
    const secret = new rds.DatabaseSecret(this, 'Owner', { username: OWNER, ...keyed });
    secret.applyRemovalPolicy(removal(stage));
    this.cluster = new rds.DatabaseCluster(this, 'Cluster', {
      engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_17_9 }),
      vpc: network.vpc,
      vpcSubnets: { subnetGroupName: 'private' },
      securityGroups: [group],
      writer: rds.ClusterInstance.serverlessV2('Writer', INSTANCE),
      readers: Array.from({ length: readers }, (_, reader) =>
        rds.ClusterInstance.serverlessV2(`Reader${reader + 1}`, { ...INSTANCE, scaleWithWriter: true }),
      ),
      serverlessV2MinCapacity: minCapacityUnits,
      serverlessV2MaxCapacity: maxCapacityUnits,
      ...(minCapacityUnits === 0 && { serverlessV2AutoPauseDuration: Duration.minutes(10) }),
      defaultDatabaseName: NAME,
      credentials: rds.Credentials.fromSecret(asInterface<secretsmanager.ISecret>(secret), OWNER),
      iamAuthentication: true,
      storageEncrypted: true,
      ...(encryptionKey && { storageEncryptionKey: encryptionKey }),
      backup: { retention: Duration.days(backupDays) },
      cloudwatchLogsExports: ['postgresql'],
      copyTagsToSnapshot: true,
      deletionProtection: stage.keepData,
      removalPolicy: removal(stage),
    });
    if (!stage.keepData)
      accept(this.cluster, 'AwsSolutions::AwsSolutions-RDS10', 'the data of this stage may go with its stack');
    if (!this.cluster.secret) throw new Error('the cluster has no generated secret');
    this.owner = this.cluster.secret;
    this.proxy = proxy ? this.proxyOf(network, group) : undefined;
  }

  /** Lets `fn` sign in as `user`, and tells it where. */
  grantConnect(fn: Grantee, user: DatabaseUser) {
    (this.proxy ?? this.cluster).grantConnect(fn, user);
    this.address(fn, this.proxy?.endpoint ?? this.cluster.clusterEndpoint.hostname);
    fn.addEnvironment('DATABASE_USER', user);
  }

  /** Lets `fn` read the owner's login, and tells it where; past the proxy, which knows no passwords. */
  grantOwn(fn: Grantee) {
    this.owner.grantRead(fn);
    fn.addEnvironment('DATABASE_OWNER_SECRET', this.owner.secretArn);
    this.address(fn, this.cluster.clusterEndpoint.hostname);
  }

  private address(fn: Grantee, host: string) {
    fn.addEnvironment('DATABASE_HOST', host);
    fn.addEnvironment('DATABASE_PORT', Token.asString(this.cluster.clusterEndpoint.port));
    fn.addEnvironment('DATABASE_NAME', NAME);
    // The cluster's certificate is signed by Amazon's own authority, which Node has not known since the 20.x runtimes.
    fn.addEnvironment('NODE_EXTRA_CA_CERTS', '/var/runtime/ca-cert.pem');
  }

  /** End-to-end IAM: the proxy holds no password of anybody's, and signs in to the cluster with tokens of its own role. */
  private proxyOf(network: NetworkStack, group: ec2.ISecurityGroup) {
    const role = new iam.Role(this, 'ProxyRole', { assumedBy: new iam.ServicePrincipal('rds.amazonaws.com') });
    for (const user of USERS) this.cluster.grantConnect(role, user);
    return this.cluster.addProxy('Proxy', {
      role,
      vpc: network.vpc,
      vpcSubnets: { subnetGroupName: 'private' },
      securityGroups: [group],
      defaultAuthScheme: rds.DefaultAuthScheme.IAM_AUTH,
      requireTLS: true,
    });
  }
}

/** A function that can be granted to and told of what it was granted. */
export type Grantee = iam.IGrantable & { addEnvironment(name: string, value: string): unknown };

const INSTANCE: rds.ServerlessV2ClusterInstanceProps = {
  enablePerformanceInsights: true,
  autoMinorVersionUpgrade: true,
  publiclyAccessible: false,
};
