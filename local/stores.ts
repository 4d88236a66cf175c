import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Certificate, loopbackCertificate } from './doors/certificate';
import { startPostgresDoor } from './doors/postgres';
import { startRedisDoor } from './doors/redis';
import type { Guardhouse } from './doors/token';
import type { Facts } from './facts';
import { object, text } from './json';
import type { Lifetime } from './lifetime';
import type { Phases } from './phases';
import { type DynamoDbStore, startDynamoDb } from './stores/dynamodb';
import { startPostgres } from './stores/postgres';
import type { Watch } from './stores/program';
import { startRedis } from './stores/redis';
import { openSecrets, type SecretStore } from './stores/secrets';
import { type SqsStore, startSqs } from './stores/sqs';
import type { Resource } from './types';

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
  readonly watch: Watch;
  readonly onCrash: (error: Error) => void;
}

export interface Stores {
  readonly secrets: SecretStore;
  readonly dynamoDb: DynamoDbStore;
  readonly sqs: SqsStore;
  /** What the functions' TLS clients trust. */
  readonly caFile: string;
  readonly notes: readonly string[];
}

/** Starts every store that the templates ask for, all at once. */
export async function startStores(options: StoresOptions): Promise<Stores> {
  const { folder, resources, lifetime, phases, onCrash } = options;
  mkdirSync(folder, { recursive: true });
  const secrets = openSecrets(join(folder, 'secrets.json'), resources);
  const certificate = await phases.time('certificate', loopbackCertificate(join(folder, 'tls')));
  const [dynamoDb, sqs, redisNotes, postgresNotes] = await Promise.all([
    phases.time('dynamodb', startDynamoDb(join(folder, 'dynamodb'), resources, onCrash)),
    phases.time('sqs', startSqs(resources, onCrash)),
    phases.time('redis', openRedis(options, certificate)),
    phases.time('postgres', openPostgres(options, certificate, secrets)),
  ]);
  lifetime.add(dynamoDb);
  lifetime.add(sqs);
  return {
    secrets,
    dynamoDb,
    sqs,
    caFile: certificate.caFile,
    notes: [...dynamoDb.notes, ...sqs.notes, ...redisNotes, ...postgresNotes],
  };
}

async function openRedis(options: StoresOptions, certificate: Certificate): Promise<readonly string[]> {
  const { resources, facts, lifetime, folder, redisUrl, watch, onCrash, guards } = options;
  const cache = resources.find(({ type }) => type === 'AWS::ElastiCache::ServerlessCache');
  if (!cache) return [];
  const redis = lifetime.add(await startRedis({ folder: join(folder, 'redis'), url: redisUrl, watch, onCrash }));
  const door = lifetime.add(
    await startRedisDoor({ ...guards, certificate, upstream: redis.address, cacheName: cache.ref }),
  );
  facts.redis = { host: '127.0.0.1', port: door.port };
  return redis.notes;
}

async function openPostgres(
  options: StoresOptions,
  certificate: Certificate,
  secrets: SecretStore,
): Promise<readonly string[]> {
  const { resources, facts, lifetime, folder, watch, onCrash, guards } = options;
  const cluster = resources.find(({ type }) => type === 'AWS::RDS::DBCluster');
  if (!cluster) return [];
  const postgres = lifetime.add(
    await startPostgres({
      folder: join(folder, 'postgres'),
      master: masterLogin(resources, secrets),
      databases: [text(cluster.properties.DatabaseName) ?? 'postgres'],
      watch,
      onCrash,
    }),
  );
  const proxies = resources.filter(({ type }) => type === 'AWS::RDS::DBProxy');
  const door = lifetime.add(
    await startPostgresDoor({
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
