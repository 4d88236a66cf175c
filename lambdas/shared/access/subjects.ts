import * as z from 'zod/mini';
import type { Sql } from '../stores/tenancy';

const Key = z.object({ id: z.string() });
const LOCK = 'select from gatehouse.members where organisation_id = $1 and user_id = $2 for update';
const KEYS = 'select id from gatehouse.api_keys where organisation_id = $1 and owner_id = $2';

/**
 * The member and the keys they own: what changes for the one changes for the others. The member's row is locked, to which
 * every new key refers: none is added until the transaction ends.
 */
export async function subjectsOfMember(tx: Sql, organisation: string, user: string): Promise<string[]> {
  await tx.query(LOCK, [organisation, user]);
  const { rows } = await tx.query(KEYS, [organisation, user]);
  return [
    `user:${user}`,
    ...z
      .array(Key)
      .parse(rows)
      .map(({ id }) => `api_key:${id}`),
  ];
}

/** Whose rights a change of this subject's grants alters. */
export const subjectsOf = async (tx: Sql, organisation: string, subject: string): Promise<string[]> =>
  subject.startsWith('user:') ? subjectsOfMember(tx, organisation, subject.slice('user:'.length)) : [subject];
