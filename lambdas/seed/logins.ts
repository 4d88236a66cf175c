import * as z from 'zod/mini';
import { type ApiKeyRecord, hashKey, keyIdOf, newApiKey, recordId } from '../shared/credentials/api-key';
import { hashPassword } from '../shared/credentials/passwords';
import { fromJson } from '../shared/json';
import type { OpenPool } from '../shared/stores/postgres';
import { putDurable } from '../shared/stores/records';
import { putSecretText, readSecret, readSecretText } from '../shared/stores/secrets';
import { ORGANISATIONS, SEED_USERS, seed } from './seed';

/** The secret: its password is generated with it; seeding adds who can sign in with it, and an API key a tenant. */
const Logins = z.pipe(
  fromJson,
  z.object({
    password: z.string(),
    apiKeys: z.optional(z.array(z.object({ organisation: z.uuid(), key: z.string() }))),
  }),
);

interface SeedEnv {
  readonly SEED_LOGINS_SECRET: string;
  readonly PEPPER_SECRET: string;
  readonly KEYS_TABLE: string;
  readonly STAGE: string;
}

export async function seedLogins(env: SeedEnv, pool: OpenPool): Promise<void> {
  const { password, apiKeys = newKeys(env.STAGE) } = await readSecret(env.SEED_LOGINS_SECRET, Logins);
  const pepper = await readSecretText(env.PEPPER_SECRET);
  for (const { organisation, key } of apiKeys) await storeKey(env.KEYS_TABLE, pepper, organisation, key);
  const keys = apiKeys.map(({ organisation, key }) => ({ organisation, id: idOf(key) }));
  await seed(pool, await hashPassword(password), keys);
  const users = SEED_USERS.map(({ email, role }) => ({ email, role }));
  await putSecretText(env.SEED_LOGINS_SECRET, JSON.stringify({ password, users, apiKeys }));
}

const newKeys = (stage: string) => ORGANISATIONS.map(({ id }) => ({ organisation: id, key: newApiKey(stage).key }));

async function storeKey(table: string, pepper: string, organisation: string, key: string): Promise<void> {
  const record: ApiKeyRecord = { hash: hashKey(key, pepper), organisation };
  await putDurable(table, recordId(idOf(key)), record);
}

function idOf(key: string): string {
  const id = keyIdOf(key);
  if (id === undefined) throw new Error('the secret of seed logins holds a key that is none');
  return id;
}
