import { randomUUID } from 'node:crypto';
import { text, texts } from '../json';
import { randomPassword } from '../stores/password';
import type { Secret, SecretStore, SecretVersion } from '../stores/secrets';
import { arn } from './arn';
import { key } from './conditions';
import { AwsError, type AwsService, jsonReply, notEmulated } from './service';

type Body = Readonly<Record<string, unknown>>;

/** What the rotation schedules add to a secret. */
export interface Rotations {
  /** The rotation function's ARN; undefined for a secret without rotation. */
  functionOf(secretArn: string): string | undefined;
  /** Begins a rotation and gives its version id; it goes on after the answer, as on AWS. Throws an AwsError. */
  begin(secret: Secret, token: string): string;
}

const missing = (what: string) =>
  new AwsError('ResourceNotFoundException', `Secrets Manager can't find the specified secret${what}.`);

function wantedVersion(secret: Secret, body: Body): SecretVersion & { value: string } {
  const id = text(body.VersionId);
  const stage = text(body.VersionStage) ?? (id === undefined ? 'AWSCURRENT' : undefined);
  const version = secret.versions.find(
    (each) => (id === undefined || each.id === id) && (stage === undefined || each.stages.includes(stage)),
  );
  const wanted = stage === undefined ? `VersionId: ${id}` : `staging label: ${stage}`;
  if (version?.value === undefined) throw missing(` value for ${wanted}`);
  return { ...version, value: version.value };
}

function getSecretValue(secret: Secret, body: Body) {
  const { id, value, stages, createdSeconds } = wantedVersion(secret, body);
  return { SecretString: value, VersionId: id, VersionStages: stages, CreatedDate: createdSeconds };
}

/** The token names the version: sent twice with one value it is one version, with another value it is refused. */
function putSecretValue(store: SecretStore, secret: Secret, body: Body) {
  const versionId = text(body.ClientRequestToken) ?? randomUUID();
  const value = text(body.SecretString);
  if (value === undefined) throw new AwsError('InvalidParameterException', 'You must provide SecretString.');
  const known = secret.versions.find(({ id }) => id === versionId);
  if (known?.value !== undefined && known.value !== value) {
    const message = `You tried to create a secret version with the version id ${versionId}, which exists already with another value.`;
    throw new AwsError('ResourceExistsException', message);
  }
  const stages = texts(body.VersionStages);
  if (known?.value === undefined) store.put(secret, versionId, value, stages.length > 0 ? stages : ['AWSCURRENT']);
  const now = secret.versions.find(({ id }) => id === versionId);
  return { VersionId: versionId, VersionStages: now?.stages ?? [] };
}

function updateSecretVersionStage(store: SecretStore, secret: Secret, body: Body) {
  const [stage, from, to] = [body.VersionStage, body.RemoveFromVersionId, body.MoveToVersionId].map(text);
  if (stage === undefined) throw new AwsError('InvalidParameterException', 'VersionStage is missing.');
  if (to !== undefined && !secret.versions.some(({ id }) => id === to)) throw missing(` version: ${to}`);
  const holder = secret.versions.find(({ stages }) => stages.includes(stage));
  if (holder && holder.id !== to && holder.id !== from) {
    const message = `The parameter RemoveFromVersionId can't be empty or another version. Staging label ${stage} is currently attached to version ${holder.id}, so you must explicitly reference that version in RemoveFromVersionId.`;
    throw new AwsError('InvalidParameterException', message);
  }
  if (stage === 'AWSCURRENT' && to === undefined) {
    throw new AwsError('InvalidParameterException', 'AWSCURRENT can only be moved, not removed.');
  }
  store.moveStage(secret, stage, to);
  return {};
}

function describeSecret(secret: Secret, rotationFunction: string | undefined) {
  const staged = secret.versions.filter(({ stages }) => stages.length > 0);
  return {
    RotationEnabled: rotationFunction !== undefined,
    RotationLambdaARN: rotationFunction,
    LastRotatedDate: secret.lastRotatedSeconds,
    LastChangedDate: Math.max(...secret.versions.map(({ createdSeconds }) => createdSeconds)),
    CreatedDate: secret.versions[0]?.createdSeconds,
    VersionIdsToStages: Object.fromEntries(staged.map(({ id, stages }) => [id, stages])),
  };
}

function listSecretVersionIds(secret: Secret, body: Body) {
  const listed = secret.versions.filter(({ stages }) => stages.length > 0 || body.IncludeDeprecated === true);
  return {
    Versions: listed.map(({ id, stages, createdSeconds }) => ({
      VersionId: id,
      CreatedDate: createdSeconds,
      ...(stages.length > 0 ? { VersionStages: stages } : {}),
    })),
  };
}

const wanted = (body: Body) => text(body.SecretId) ?? '';

/** Secrets Manager on the host's own store. */
export function secretsManager(store: SecretStore, rotations: Rotations): AwsService {
  const operations: Readonly<Record<string, (secret: Secret, body: Body) => object>> = {
    GetSecretValue: getSecretValue,
    PutSecretValue: (secret, body) => putSecretValue(store, secret, body),
    UpdateSecretVersionStage: (secret, body) => updateSecretVersionStage(store, secret, body),
    DescribeSecret: (secret) => describeSecret(secret, rotations.functionOf(secret.arn)),
    ListSecretVersionIds: listSecretVersionIds,
    RotateSecret: (secret, body) => ({
      VersionId: rotations.begin(secret, text(body.ClientRequestToken) ?? randomUUID()),
    }),
  };
  return {
    needs({ action, body }) {
      if (body.SecretId === undefined) return [{ action: `secretsmanager:${action}`, resource: '*' }];
      // A name that no secret has is checked as it stands, so that who may not read learns nothing about what exists.
      const unknown = arn('secretsmanager', `secret:${wanted(body)}`);
      const resource = store.find(wanted(body))?.arn ?? (wanted(body).startsWith('arn:') ? wanted(body) : unknown);
      const context = {
        ...key('secretsmanager:SecretId', resource),
        ...key('secretsmanager:VersionStage', body.VersionStage),
      };
      return [{ action: `secretsmanager:${action}`, resource, context }];
    },
    async answer({ action, body }) {
      if (action === 'GetRandomPassword') return jsonReply({ RandomPassword: randomPassword(body) });
      const operation = Object.hasOwn(operations, action) ? operations[action] : undefined;
      if (!operation) throw notEmulated('secretsmanager', action);
      const secret = store.find(wanted(body));
      if (!secret) throw missing('');
      return jsonReply({ ARN: secret.arn, Name: secret.name, ...operation(secret, body) });
    },
  };
}
