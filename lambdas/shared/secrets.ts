import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod/mini';

let client: SecretsManagerClient | undefined;

/** The SDK costs 45 ms to load: it is loaded by the first secret that is read, not by a function's start. */
export async function secretsManager() {
  const sdk = await import('@aws-sdk/client-secrets-manager');
  client ??= new sdk.SecretsManagerClient({});
  return { client, ...sdk };
}

/** The current value of a secret, as text. */
export async function readSecretText(secretId: string, versionStage = 'AWSCURRENT'): Promise<string> {
  const { client: manager, GetSecretValueCommand } = await secretsManager();
  const { SecretString } = await manager.send(
    new GetSecretValueCommand({ SecretId: secretId, VersionStage: versionStage }),
  );
  return z.string().parse(SecretString);
}

/** The current value of a secret that holds JSON of this shape. */
export const readSecret = async <S extends z.ZodMiniType>(secretId: string, schema: S): Promise<z.output<S>> =>
  schema.parse(JSON.parse(await readSecretText(secretId)));
