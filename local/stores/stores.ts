import { join } from 'node:path';
import { type Certificate, loopbackCertificate } from '../doors/certificate';
import { startPostgresDoor } from '../doors/postgres';
import { startRedisDoor } from '../doors/redis';
import type { Guardhouse } from '../doors/token';
import type { Pace } from '../events/clock';
import { object, text } from '../json';
import type { Lifetime } from '../lifetime/lifetime';
import type { Phases } from '../lifetime/phases';
import type { Watcher } from '../lifetime/reaper';
import type { Facts } from '../template/facts';
import type { Resource } from '../types';
import { type DynamoDbStore, isTable, startDynamoDb } from './dynamodb';
import { startPostgres } from './postgres';
import { startRedis } from './redis';
import { attachTargets, openSecrets, type SecretStore } from './secrets';
import { isQueue, type SqsStore, startSqs } from './sqs';

export interface StoresOptions {
  /** Where their data stays between runs. */
  readonly folder: string;
  readonly resources: readonly Resource[];
  /** Gets the addresses of what stands in for ElastiCache and Aurora. */
  readonly facts: Facts;
  readonly lifetime: Lifetime;
  readonly phases: Phases;
  readonly redisUrl: string | undefined;
  readonly guards: Guardhouse;
  readonly pace: Pace;
  readonly watcher: Watcher;
  readonly onCrash: (error: Error) => void;
}

export interface Stores {
  readonly secrets: SecretStore;
  /** Absent where no template has a table, or no queue. */
  readonly dynamoDb: DynamoDbStore | undefined;
  readonly sqs: SqsStore | undefined;
  /** What the functions' TLS clients trust. */
  readonly caFile: string;
  readonly notes: readonly string[];
}

/** Starts every store that the templates ask for, all at once. */
export async function startStores(options: StoresOptions): Promise<Stores> {
  const { folder, resources, phases } = options;
  const secrets = openSecrets(join(folder, 'secrets.json'), resources);
  const certificate = await phases.time('certificate', loopbackCertificate(join(folder, 'tls')));
  const [dynamoDb, sqs, redisNotes, postgresNotes] = await Promise.all([
    openDynamoDb(options),
    openSqs(options),
    openRedis(options, certificate),
    openPostgres(options, certificate, secrets),
  ]);
  attachTargets(secrets, resources);
  return {
    secrets,
    dynamoDb,
    sqs,
    caFile: certificate.caFile,
    notes: [...(dynamoDb?.notes ?? []), ...(sqs?.notes ?? []), ...redisNotes, ...postgresNotes],
  };
}

async function openDynamoDb({ folder, resources, lifetime, phases, onCrash }: StoresOptions) {
  if (!resources.some(isTable)) return undefined;
  return phases.time('dynamodb', lifetime.start(startDynamoDb(join(folder, 'dynamodb'), resources, onCrash)));
}

async function openSqs({ resources, lifetime, phases, pace, onCrash }: StoresOptions) {
  if (!resources.some(isQueue)) return undefined;
  return phases.time('sqs', lifetime.start(startSqs(resources, onCrash, pace)));
}

async function openRedis(options: StoresOptions, certificate: Certificate): Promise<readonly string[]> {
  const { resources, facts, lifetime, phases, redisUrl: url, watcher, onCrash, guards } = options;
  const cache = resources.find(({ type }) => type === 'AWS::ElastiCache::ServerlessCache');
  if (!cache) return [];
  const folder = join(options.folder, 'redis');
  const redis = await phases.time('redis', lifetime.start(startRedis({ folder, url, watcher, onCrash })));
  const door = await lifetime.start(
    startRedisDoor({ ...guards, certificate, upstream: redis.address, cacheName: cache.ref }),
  );
  facts.redis = { host: '127.0.0.1', port: door.port };
  return redis.notes;
}

async function openPostgres(
  options: StoresOptions,
  certificate: Certificate,
  secrets: SecretStore,
): Promise<readonly string[]> {
  const { resources, facts, lifetime, phases, folder, watcher, onCrash, guards } = options;
  const cluster = resources.find(({ type }) => type === 'AWS::RDS::DBCluster');
  if (!cluster) return [];
  const starting = startPostgres({
    folder: join(folder, 'postgres'),
    master: masterLogin(resources, secrets),
    databases: [text(cluster.properties.DatabaseName) ?? 'postgres'],
    watcher,
    onCrash,
  });
  const postgres = await phases.time('postgres', lifetime.start(starting));
  const proxies = resources.filter(({ type }) => type === 'AWS::RDS::DBProxy');
  const door = await lifetime.start(
    startPostgresDoor({
      ...guards,
      certificate,
      upstream: postgres,
      resourceIds: [
        cluster.attribute('DBClusterResourceId'),
        ...proxies.map((proxy) => proxy.attribute('DBProxyArn').split(':').at(-1) ?? ''),
      ],
    }),
  );
  facts.postgres = { host: '127.0.0.1', port: door.port };
  return postgres.notes;
}

/** The secret that is attached to the cluster holds its master's login. */
function masterLogin(resources: readonly Resource[], secrets: SecretStore) {
  const attachment = resources.find(({ type }) => type === 'AWS::SecretsManager::SecretTargetAttachment');
  const { username, password } = object(JSON.parse(secrets.value(attachment?.ref ?? '')));
  return { user: text(username) ?? '', password: text(password) ?? '' };
}
