import { awsIdentity, connectToken } from '../aws/aws-token';
import { port, text } from '../env';

/** The variables that `Cache.grantConnect` sets in lib/data.ts. */
export const redisEnv = { REDIS_HOST: text, REDIS_PORT: port, REDIS_USER: text, REDIS_CACHE_NAME: text };

export interface RedisAddress {
  readonly REDIS_HOST: string;
  readonly REDIS_PORT: number;
  readonly REDIS_USER: string;
  readonly REDIS_CACHE_NAME: string;
}

/** What signs in to the cache in place of a password; good for 15 minutes. */
export const redisToken = ({ REDIS_CACHE_NAME, REDIS_USER }: RedisAddress): Promise<string> =>
  connectToken(awsIdentity(), 'elasticache', REDIS_CACHE_NAME, { User: REDIS_USER, ResourceType: 'ServerlessCache' });
