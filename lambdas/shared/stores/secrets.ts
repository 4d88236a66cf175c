import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { awsCall } from '../aws/aws-call';
import { parse } from '../parse';

const Value = z.object({ SecretString: z.string() });

/** The text of a secret: of the version in force, or of the one named. */
export async function readSecretText(secretId: string, versionId?: string): Promise<string> {
  const answer = await awsCall('secretsmanager', 'GetSecretValue', { SecretId: secretId, VersionId: versionId });
  return Value.parse(answer).SecretString;
}

/** What the text of a secret holds. Throws an error that names the secret and what is wrong, never its value. */
export async function readSecret<S extends z.ZodMiniType>(secretId: string, schema: S): Promise<z.output<S>> {
  const parsed = parse(schema, await readSecretText(secretId));
  if (parsed.ok) return parsed.value;
  throw new Error(`secret ${secretId}: ${parsed.wrong.map(({ name, detail }) => `${name} ${detail}`).join('; ')}`);
}

/** The text of a secret that does not change: read when it is first asked for, and kept. */
export function keptSecret(secretId: string, read = readSecretText): () => Promise<string> {
  let kept: Promise<string> | undefined;
  return () =>
    (kept ??= read(secretId).catch((error: unknown) => {
      kept = undefined;
      throw error;
    }));
}

interface Version {
  /** @default a new one */
  readonly id?: string;
  /** @default the version in force */
  readonly stages?: readonly string[];
}

/** Writes a new version of a secret. Done twice with one id it is one version. */
export async function putSecretText(secretId: string, text: string, { id, stages }: Version = {}): Promise<void> {
  await awsCall('secretsmanager', 'PutSecretValue', {
    SecretId: secretId,
    ClientRequestToken: id ?? randomUUID(),
    SecretString: text,
    VersionStages: stages,
  });
}
