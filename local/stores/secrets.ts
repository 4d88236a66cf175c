import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isObject, list, object, parseJson, text, texts } from '../json';
import type { Resource } from '../types';
import { generateSecretString } from './password';

export interface SecretVersion {
  readonly id: string;
  /** Absent between RotateSecret and the rotation function's first PutSecretValue. */
  value?: string;
  stages: readonly string[];
  readonly createdSeconds: number;
}

export interface Secret {
  readonly arn: string;
  readonly name: string;
  versions: SecretVersion[];
  lastRotatedSeconds?: number;
}

function versionFrom(value: unknown): SecretVersion {
  const { id, stages, createdSeconds, value: string } = object(value);
  return {
    id: String(id),
    stages: texts(stages),
    createdSeconds: Number(createdSeconds),
    ...(typeof string === 'string' ? { value: string } : {}),
  };
}

function secretFrom(value: unknown): Secret {
  const { arn, name, versions, lastRotatedSeconds } = object(value);
  return {
    arn: String(arn),
    name: String(name),
    versions: list(versions).map(versionFrom),
    ...(typeof lastRotatedSeconds === 'number' ? { lastRotatedSeconds } : {}),
  };
}

function read(file: string): readonly Secret[] {
  try {
    return list(parseJson(readFileSync(file, 'utf8'))).map(secretFrom);
  } catch (error) {
    if (isObject(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Version stages move by these rules and no others: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html */
export class SecretStore {
  readonly #secrets: Map<string, Secret>;
  constructor(
    readonly file: string,
    readonly now: () => number = Date.now,
  ) {
    this.#secrets = new Map(read(file).map((secret) => [secret.arn, secret]));
  }

  /** By ARN, by ARN without its random ending, or by name. */
  find(id: string): Secret | undefined {
    const exact = this.#secrets.get(id);
    if (exact) return exact;
    return [...this.#secrets.values()].find(({ arn, name }) => name === id || arn.replace(/-\w{6}$/, '') === id);
  }

  /** The value at a stage, AWSCURRENT when not told. Throws for a secret that does not exist or has no value there. */
  value(id: string, stage = 'AWSCURRENT'): string {
    const value = this.find(id)?.versions.find(({ stages }) => stages.includes(stage))?.value;
    if (value === undefined) throw new Error(`The secret ${id} has no value at ${stage}.`);
    return value;
  }

  /** Makes the secret of a template when it is new; one that exists keeps its value. */
  ensure(arn: string, name: string, firstValue: () => string): Secret {
    const known = this.#secrets.get(arn);
    if (known) return known;
    const secret: Secret = { arn, name, versions: [] };
    this.#secrets.set(arn, secret);
    this.put(secret, randomUUID(), firstValue(), ['AWSCURRENT']);
    return secret;
  }

  /** A new version, or the value of one that RotateSecret left empty, with its stages moved to it. */
  put(secret: Secret, versionId: string, value: string | undefined, stages: readonly string[]): void {
    const version = secret.versions.find(({ id }) => id === versionId);
    if (version && value !== undefined) version.value = value;
    if (!version) {
      const created = { id: versionId, stages: [], createdSeconds: this.now() / 1000 };
      secret.versions.push(value === undefined ? created : { ...created, value });
    }
    for (const stage of stages) move(secret, stage, versionId);
    this.#save();
  }

  /** Moves a stage to a version, or takes it away. */
  moveStage(secret: Secret, stage: string, to: string | undefined): void {
    move(secret, stage, to);
    this.#save();
  }

  /** Takes the pending stage away and notes the time, as AWS does when finishSecret ended well. */
  rotated(secret: Secret): void {
    secret.lastRotatedSeconds = this.now() / 1000;
    this.moveStage(secret, 'AWSPENDING', undefined);
  }

  /** Sets fields in the JSON of every version that has a stage: a database's address may be another on the next run. */
  merge(secret: Secret, fields: Readonly<Record<string, unknown>>): void {
    for (const version of secret.versions.filter(({ value, stages }) => value !== undefined && stages.length > 0)) {
      version.value = JSON.stringify({ ...object(parseJson(version.value ?? '')), ...fields });
    }
    this.#save();
  }

  /** Readable by its owner only, and whole at any time. */
  #save(): void {
    mkdirSync(dirname(this.file), { recursive: true });
    const draft = `${this.file}.${process.pid}`;
    writeFileSync(draft, JSON.stringify([...this.#secrets.values()], undefined, 1), { mode: 0o600 });
    renameSync(draft, this.file);
  }
}

/** A stage stands at one version; where AWSCURRENT was, AWSPREVIOUS goes. */
function move(secret: Secret, stage: string, to: string | undefined): void {
  const from = secret.versions.find(({ stages }) => stages.includes(stage));
  if (from?.id === to) return;
  if (from) from.stages = from.stages.filter((each) => each !== stage);
  const target = secret.versions.find(({ id }) => id === to);
  if (target) target.stages = [...target.stages, stage];
  if (stage === 'AWSCURRENT' && from) move(secret, 'AWSPREVIOUS', from.id);
}

const ENGINES: Readonly<Record<string, string>> = { 'aurora-postgresql': 'postgres', 'aurora-mysql': 'mysql' };

/** What AWS::SecretsManager::SecretTargetAttachment writes into the secret's JSON about its database. */
function targetFields(target: Resource): Record<string, unknown> {
  const engine = text(target.properties.Engine) ?? '';
  const dbname = text(target.properties.DatabaseName ?? target.properties.DBName);
  return {
    engine: ENGINES[engine] ?? engine,
    host: target.attribute('Endpoint.Address'),
    port: Number(target.attribute('Endpoint.Port')),
    ...(dbname === undefined ? {} : { dbname }),
    [target.type === 'AWS::RDS::DBCluster' ? 'dbClusterIdentifier' : 'dbInstanceIdentifier']: target.ref,
  };
}

/** `arn:...:secret:NAME-abcdef` */
const nameOf = (arn: string) => (arn.split(':').at(-1) ?? '').replace(/-\w{6}$/, '');

/**
 * The secrets of all templates, kept in `file` between runs by their ARN. Databases that they are attached to must
 * have their address by now.
 */
export function openSecrets(file: string, resources: readonly Resource[], now = Date.now): SecretStore {
  const store = new SecretStore(file, now);
  for (const { ref, properties } of resources.filter(({ type }) => type === 'AWS::SecretsManager::Secret')) {
    store.ensure(ref, nameOf(ref), () =>
      typeof properties.SecretString === 'string'
        ? properties.SecretString
        : generateSecretString(object(properties.GenerateSecretString)),
    );
  }
  return store;
}

/** Writes the address of each attached database into its secret. */
export function attachTargets(store: SecretStore, resources: readonly Resource[]): void {
  for (const { type, properties, stack, id } of resources) {
    if (type !== 'AWS::SecretsManager::SecretTargetAttachment') continue;
    const secret = store.find(String(properties.SecretId));
    const target = resources.find((each) => each.type.startsWith('AWS::RDS::') && each.ref === properties.TargetId);
    if (!secret || !target) throw new Error(`${stack}/${id}: its secret or its database is not in the templates.`);
    store.merge(secret, targetFields(target));
  }
}
