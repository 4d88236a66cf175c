import { ArnFormat, Names, Stack } from 'aws-cdk-lib';
import * as elasticache from 'aws-cdk-lib/aws-elasticache';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { NetworkStack } from '../network';
import type { Stage } from '../stages';
import type { Grantee } from './database';

interface CacheProps {
  readonly stage: Stage;
  readonly network: NetworkStack;
  readonly encryptionKey?: kms.IKey;
}

const LONGEST_NAME = 40;

/** ElastiCache Serverless for Valkey: TLS always, signed in to with IAM tokens. Whatever it holds can be rebuilt. */
export class Cache extends Construct {
  private readonly cache: elasticache.CfnServerlessCache;
  private readonly user: elasticache.CfnUser;
  private readonly name: string;

  constructor(scope: Construct, id: string, { stage, network, encryptionKey }: CacheProps) {
    super(scope, id);
    // ElastiCache wants names of ours, in lower case; a user that signs in with IAM is called as its id.
    this.name = Names.uniqueResourceName(this, { maxLength: LONGEST_NAME, separator: '-' }).toLowerCase();
    this.user = new elasticache.CfnUser(this, 'User', {
      engine: 'valkey',
      userId: this.name,
      userName: this.name,
      accessString: 'on ~* &* +@all -@admin -@dangerous +info',
      authenticationMode: { Type: 'iam' },
    });
    const users = new elasticache.CfnUserGroup(this, 'Users', {
      engine: 'valkey',
      userGroupId: this.name,
      userIds: [this.user.ref],
    });
    this.cache = new elasticache.CfnServerlessCache(this, 'Cache', {
      engine: 'valkey',
      majorEngineVersion: '8',
      serverlessCacheName: this.name,
      userGroupId: users.ref,
      subnetIds: network.vpc.selectSubnets({ subnetGroupName: 'private' }).subnetIds,
      securityGroupIds: [network.cache.securityGroupId],
      cacheUsageLimits: {
        dataStorage: { maximum: stage.cache.maxStorageGb, unit: 'GB' },
        ecpuPerSecond: { maximum: stage.cache.maxUnitsPerSecond },
      },
      ...(encryptionKey && { kmsKeyId: encryptionKey.keyArn }),
    });
  }

  /** Lets `fn` sign in, and tells it where. */
  grantConnect(fn: Grantee) {
    iam.Grant.addToPrincipal({
      grantee: fn,
      actions: ['elasticache:Connect'],
      resourceArns: [this.cache.attrArn, this.userArn()],
    });
    fn.addEnvironment('REDIS_HOST', this.cache.attrEndpointAddress);
    fn.addEnvironment('REDIS_PORT', this.cache.attrEndpointPort);
    fn.addEnvironment('REDIS_USER', this.name);
    fn.addEnvironment('REDIS_CACHE_NAME', this.name);
  }

  private userArn(): string {
    return Stack.of(this).formatArn({
      service: 'elasticache',
      resource: 'user',
      resourceName: this.name,
      arnFormat: ARN,
    });
  }
}

const ARN = ArnFormat.COLON_RESOURCE_NAME;
