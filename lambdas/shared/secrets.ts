import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod/mini';
import { parse } from './parse';

let client: SecretsManagerClient | undefined;

/** The SDK costs 45 ms to load: it is loaded by the first secret that is read, not by a function's start. */
export async function secretsManager() {
  const sdk = await import('@aws-sdk/client-secrets-manager');
  client ??= new sdk.SecretsManagerClient({});
  return { client, ...sdk };
}

/** The text of a secret: of the version in force, or of the one named. */
export async function readSecretText(secretId: string, versionId?: string): Promise<string> {
  const { client: manager, GetSecretValueCommand } = await secretsManager();
  const { SecretString } = await manager.send(new GetSecretValueCommand({ SecretId: secretId, VersionId: versionId }));
  return z.string().parse(SecretString);
}

/** A secret's text that does not change while this environment lives: read when first asked for, once. */
export function keptSecretText(secretId: string): () => Promise<string> {
  let known: Promise<string> | undefined;
  return () => {
    known ??= readSecretText(secretId).catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
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
