import { timingSafeEqual } from 'node:crypto';
import * as z from 'zod/mini';
import type { Access } from '../shared/access/access';
import { hashKey, isClientSecret } from '../shared/credentials/api-key';
import type { ClientAuth } from '../shared/http/route';
import type { Origin } from '../shared/stores/audit';
import type { OpenPool } from '../shared/stores/postgres';
import { FIRST_PARTY, invalidClient, oauth } from './oauth';

const Row = z.object({
  id: z.uuid(),
  organisation_id: z.uuid(),
  name: z.string(),
  kind: z.enum(['confidential', 'public']),
  secret_hash: z.nullable(z.string()),
  previous_secret_hash: z.nullable(z.string()),
  redirect_uris: z.array(z.string()),
  scopes: z.array(z.string()),
  plan: z.string(),
});

const FIND = `
  select c.id, c.organisation_id, c.name, c.kind, c.secret_hash, c.redirect_uris, c.scopes, coalesce(c.plan, o.plan) as plan,
    case when c.previous_until > to_timestamp($2) then c.previous_secret_hash end as previous_secret_hash
  from gatehouse.clients c join gatehouse.organisations o on o.id = c.organisation_id
  where c.id = $1 and c.disabled_at is null`;

/** An OAuth client that may act: a disabled one is none. */
export interface Client {
  readonly id: string;
  readonly name: string;
  readonly kind: 'confidential' | 'public';
  /** Whose it is; our own is nobody's, and everybody's. */
  readonly organisation: string | undefined;
  readonly redirectUris: readonly string[];
  readonly scopes: readonly string[];
  readonly plan: string;
  /** HMAC-SHA256 in hex: of the secret, and of the one before it as long as their rotation overlaps. */
  readonly secretHashes: readonly string[];
}

/** Command lines listen on a port of their own choice (RFC 8252 section 7.3). */
const OURS: Client = {
  id: FIRST_PARTY,
  name: 'Gatehouse',
  kind: 'public',
  organisation: undefined,
  redirectUris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
  scopes: [],
  plan: '',
  secretHashes: [],
};

/** How a request names its client: `Authorization: Basic`, fields of the form, or not at all. */
export interface Named {
  readonly origin: Origin;
  readonly clientAuth: ClientAuth | undefined;
  readonly body: { readonly client_id?: string | undefined; readonly client_secret?: string | undefined };
}

export interface Clients {
  find(id: string): Promise<Client | undefined>;
  /**
   * The client of a request. Where it shows a secret, that is checked; a confidential client must show one. Without a
   * name it is our own.
   */
  identify(named: Named): Promise<Client>;
}

interface Deps {
  readonly pool: OpenPool;
  readonly access: Access;
  pepper(): Promise<string>;
  now(): number;
}

export function clients({ pool, access, pepper, now }: Deps): Clients {
  const find: Clients['find'] = async (id) => {
    if (id === FIRST_PARTY) return OURS;
    if (!z.uuid().safeParse(id).success) return undefined;
    const { rows } = await (await pool()).query(FIND, [id, now() / 1000]);
    return z.array(Row).parse(rows).map(clientOf)[0];
  };
  return {
    find,
    async identify({ clientAuth, body, origin }) {
      const isBasic = clientAuth !== undefined;
      if (isBasic && (body.client_secret !== undefined || (body.client_id ?? clientAuth.id) !== clientAuth.id))
        oauth('invalid_request', 'authenticate the client in one way');
      const { id, secret } = clientAuth ?? { id: body.client_id ?? FIRST_PARTY, secret: body.client_secret };
      const client = (await find(id)) ?? invalidClient(isBasic);
      if (client.kind === 'public' && secret === undefined) return client;
      // A secret that is none is refused before the pepper is asked for.
      const isRight =
        secret !== undefined && isClientSecret(secret) && isSecretOf(client, hashKey(secret, await pepper()));
      if (isRight) return client;
      const { organisation } = client;
      // A secret of 256 bits needs no lock-out, but its owner should see that somebody tries.
      if (organisation !== undefined)
        await access.noteRefusal({ kind: 'client', id, organisation }, origin, `client:${id}`, 'wrong secret');
      return invalidClient(isBasic);
    },
  };
}

const clientOf = ({
  organisation_id,
  redirect_uris,
  secret_hash,
  previous_secret_hash,
  ...row
}: z.output<typeof Row>) => ({
  ...row,
  organisation: organisation_id,
  redirectUris: redirect_uris,
  secretHashes: [secret_hash, previous_secret_hash].filter((hash) => hash !== null),
});

/** Each hash is compared in constant time, and each is compared. */
const isSecretOf = ({ secretHashes }: Client, shown: string): boolean =>
  secretHashes.map((hash) => isSame(Buffer.from(hash), Buffer.from(shown))).includes(true);

const isSame = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b);
