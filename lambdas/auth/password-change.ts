import * as z from 'zod/mini';
import type { AccessCache } from '../shared/access/cache';
import type { Changes, Tx } from '../shared/access/change';
import { type Principal, subjectOf } from '../shared/access/principal';
import { refuse } from '../shared/errors';
import { appendAudit, type Origin } from '../shared/stores/audit';
import { type OpenPool, statementsOn } from '../shared/stores/postgres';

interface Author {
  readonly principal: Principal;
  readonly origin: Origin;
}

/** Makes the password with this hash the user's, in place of that version; every other session of the user ends. */
export type ReplacePassword = (author: Author, hash: string, version: number) => Promise<void>;

interface Deps {
  readonly pool: OpenPool;
  readonly changes: Changes;
  readonly cache: AccessCache;
}

const Organisations = z.array(z.object({ organisation_id: z.uuid() }));
const OTHERS = 'select organisation_id from gatehouse.members where user_id = $1 and organisation_id <> $2';

/**
 * A user has one password and sessions in many organisations: all of them end in the one transaction, and what is kept
 * of the user is void in each.
 */
export const passwordReplacing =
  ({ pool, changes, cache }: Deps): ReplacePassword =>
  async (author, hash, version) => {
    const { principal } = author;
    const subjects = [subjectOf(principal)];
    const { rows } = await statementsOn(pool).query(OTHERS, [principal.id, principal.organisation]);
    const begun = await Promise.all(
      Organisations.parse(rows).map(({ organisation_id: organisation }) => cache.begin({ organisation, subjects })),
    ).catch((cause: unknown) =>
      refuse('not_ready', 'the cache does not answer', { headers: { 'retry-after': '2' }, cause }),
    );
    try {
      await changes.change(author, { voids: subjects }, (tx) => replace(tx, author, hash, version));
    } finally {
      // The first voiding stands (shared/access/change.ts).
      await Promise.allSettled(begun.map((settled) => settled()));
    }
  };

/** First, because who signs in with the old password holds this row until the session is there to be ended. */
const REPLACE = `update gatehouse.users
  set password_hash = $3, password_version = password_version + 1, updated_at = now()
  where id = $1 and password_version = $2`;
const END = `update gatehouse.sessions set ended_at = now(), ended_why = 'password changed'
  where user_id = $1 and id is distinct from $2 and ended_at is null and least(expires_at, ends_at) > now()
  returning organisation_id, id`;
const FORGET_CODES = 'delete from gatehouse.authorization_codes where user_id = $1 and session_id is null';
const Ended = z.array(z.object({ organisation_id: z.uuid(), id: z.uuid() }));

async function replace(tx: Tx, { principal, origin }: Author, hash: string, version: number): Promise<void> {
  const { id: user, organisation, session = null } = principal;
  const replaced = await tx.query(REPLACE, [user, version, hash]);
  if (replaced.rowCount !== 1) refuse('conflict', 'the password was changed meanwhile');
  await tx.query(FORGET_CODES, [user]);
  const ended = Ended.parse((await tx.query(END, [user, session])).rows);
  const actor = subjectOf(principal);
  const rows = [
    { organisation, event: { actor, action: 'password.changed', target: actor } },
    ...ended.map(({ organisation_id, id }) => ({
      organisation: organisation_id,
      event: { actor, action: 'session.ended', target: `session:${id}`, reason: 'password changed' },
    })),
  ];
  // Each locks the head of its chain until the commit: in one order, so that no two wait for each other.
  for (const row of rows.toSorted((a, b) => a.organisation.localeCompare(b.organisation)))
    await appendAudit(tx, row.organisation, origin, row.event);
}
