import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { accept } from './constructs/accept';
import { asInterface } from './constructs/as-interface';
import { Cache } from './constructs/cache';
import { Database } from './constructs/database';
import { removal } from './constructs/removal';
import { WebhookStores } from './constructs/webhook-stores';
import type { NetworkStack } from './network';
import type { Stage } from './stages';

interface SecretProps extends secretsmanager.SecretProps {
  /** Why no rotation stands beside it. */
  readonly unrotated: string;
}

const UNROTATED = 'AwsSolutions::AwsSolutions-SMG4';

interface DataProps extends StackProps {
  readonly stage: Stage;
  readonly network: NetworkStack;
}

/** All state of the platform. Nothing here changes in a daily deploy; a test pins its logical ids. */
export class DataStack extends Stack {
  /** Where every alarm rings. */
  readonly alarms: sns.ITopic;
  readonly database: Database;
  readonly cache: Cache;
  /** What authorizers verify with: API keys by id, and the public signing keys under `jwks`. */
  readonly keys: dynamodb.TableV2;
  /** The ring of private keys that sign access tokens. */
  readonly signingKeys: secretsmanager.ISecret;
  /** The HMAC key under which API keys are stored. */
  readonly pepper: secretsmanager.ISecret;
  /** Of what principals are signed with for subgraphs: another key than that of access tokens, which the graph must not have. */
  readonly subgraphKey: secretsmanager.ISecret;
  readonly webhooks: WebhookStores;
  /** What the secrets of webhook endpoints are encrypted under. */
  readonly webhookKeys: secretsmanager.ISecret;
  /** The logins of the example organisations, where the stage has them. */
  readonly seedLogins: secretsmanager.ISecret | undefined;
  /** The invitation of the first administrator, where the stage names one. */
  readonly firstInvitation: secretsmanager.ISecret | undefined;

  constructor(scope: Construct, id: string, props: DataProps) {
    super(scope, id, props);
    const { stage, network } = props;
    const encryptionKey = stage.customerKey ? this.customerKey(stage) : undefined;
    const keyed = encryptionKey && { encryptionKey };
    this.alarms = this.alarmTopic(stage);
    this.database = new Database(this, 'Database', { stage, network, ...keyed });
    accept(this.database, UNROTATED, 'its rotation stands with the function that does it (auth.ts)');
    this.cache = new Cache(this, 'Cache', { stage, network, ...keyed });
    this.keys = this.table('Keys', stage);
    const secret = (name: string, settings: SecretProps) => this.secret(name, { ...settings, ...keyed }, stage);
    this.signingKeys = secret('SigningKeys', {
      description: 'The keys that sign access tokens; rotation fills and turns the ring',
      generateSecretString: EMPTY_RING,
      unrotated: 'its rotation stands with the function that does it (auth.ts)',
    });
    this.pepper = secret('Pepper', {
      description: 'The HMAC key under which API keys are stored',
      generateSecretString: RANDOM,
      unrotated: 'a new pepper would void every API key; issue new keys instead',
    });
    this.subgraphKey = secret('SubgraphKey', {
      description: 'The keys that tell subgraphs who asks are made of it; rotation turns them',
      generateSecretString: RANDOM,
      unrotated: 'its rotation stands with the function that does it (auth.ts)',
    });
    this.webhooks = new WebhookStores(this, 'Webhooks', stage);
    this.webhookKeys = secret('WebhookKeys', {
      description: 'The keys that encrypt the secrets of webhook endpoints',
      generateSecretString: { ...RANDOM, secretStringTemplate: '{"keys":[]}', generateStringKey: 'first' },
      unrotated: 'a new key is put before it in `keys` (docs/runbook.md); without the old one no endpoint could sign',
    });
    this.firstInvitation = stage.firstAdmin ? secret('FirstInvitation', FIRST_INVITATION) : undefined;
    if (this.firstInvitation) new CfnOutput(this, 'FirstInvitationSecret', { value: this.firstInvitation.secretArn });
    this.seedLogins = stage.seedLogins ? secret('SeedLogins', SEED_LOGINS) : undefined;
    if (this.seedLogins) new CfnOutput(this, 'SeedLoginsSecret', { value: this.seedLogins.secretArn });
  }

  private secret(id: string, { unrotated, ...props }: SecretProps, stage: Stage): secretsmanager.ISecret {
    const secret = new secretsmanager.Secret(this, id, { ...props, removalPolicy: removal(stage) });
    accept(secret, UNROTATED, unrotated);
    return asInterface<secretsmanager.ISecret>(secret);
  }

  private alarmTopic({ alarmEmail }: Stage): sns.ITopic {
    const topic = new sns.Topic(this, 'Alarms', { enforceSSL: true });
    // A policy of its own replaces the topic's default one: without this, CloudWatch may not publish and no alarm is heard.
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    );
    if (alarmEmail !== undefined) topic.addSubscription(new EmailSubscription(alarmEmail));
    return topic;
  }

  /** Secrets Manager may use it for whoever may read the secret, as AWS's own key allows: grants stay where the functions are. */
  private customerKey(stage: Stage): kms.IKey {
    const key = new kms.Key(this, 'Key', {
      description: 'Encrypts the data of Gatehouse at rest',
      enableKeyRotation: true,
      removalPolicy: removal(stage),
    });
    key.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.AnyPrincipal()],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
        conditions: {
          StringEquals: {
            'kms:ViaService': `secretsmanager.${this.region}.amazonaws.com`,
            'kms:CallerAccount': this.account,
          },
        },
      }),
    );
    return kms.Key.fromKeyArn(this, 'ImmutableKey', key.keyArn);
  }

  private table(name: string, stage: Stage) {
    return new dynamodb.TableV2(this, name, {
      partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING },
      timeToLiveAttribute: 'expiresAtSeconds',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: stage.keepData,
      removalPolicy: removal(stage),
    });
  }
}

const RANDOM: secretsmanager.SecretStringGenerator = { passwordLength: 64, excludePunctuation: true };
const EMPTY_RING: secretsmanager.SecretStringGenerator = {
  secretStringTemplate: '{"keys":[]}',
  generateStringKey: 'unused',
  passwordLength: 16,
  excludePunctuation: true,
};

const FIRST_INVITATION: SecretProps = {
  description: 'The invitation of the first administrator; of no use once it is accepted',
  generateSecretString: RANDOM,
  unrotated: 'a token of one use, good for 30 days',
};

const SEED_LOGINS: SecretProps = {
  description: 'Logins of the example organisations',
  generateSecretString: {
    secretStringTemplate: '{}',
    generateStringKey: 'password',
    passwordLength: 20,
    excludePunctuation: true, // readable, and safe to paste into a shell
  },
  unrotated: 'logins of example data; a new password is a new seed',
};
