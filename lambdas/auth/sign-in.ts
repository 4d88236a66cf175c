import * as z from 'zod/mini';
import { checkPassword, hashPassword, isCheap } from '../shared/credentials/passwords';
import { appendAudit, NO_ORGANISATION, type Origin } from '../shared/stores/audit';
import type { OpenPool } from '../shared/stores/postgres';
import { inTenant } from '../shared/stores/tenancy';
import type { Lockout } from './lockout';
import { MEMBERSHIP, type Membership, MembershipRow, membershipJoins, membershipOf } from './membership';

/** Which of a user's memberships is meant; without a wish, the oldest and no workspace. */
interface Wish {
  readonly organisation?: string | undefined;
  readonly workspace?: string | undefined;
}

/** A user who has just shown the right password. */
export interface SignedIn {
  readonly membership: Membership;
  /** Of the password that was shown: with it a session opens only while it is still the one in force. */
  readonly passwordVersion: number;
}

const Account = z.object({
  account_id: z.uuid(),
  password_hash: z.nullable(z.string()),
  password_version: z.int(),
  account_status: z.string(),
  organisation_id: z.nullable(z.uuid()),
});
type Account = z.output<typeof Account>;

/** The account, with the membership that is wished, or the oldest where there is none such. */
const FIND = `
  select a.id as account_id, a.password_hash, a.password_version, a.status as account_status, x.*
  from gatehouse.users a left join lateral (
    select ${MEMBERSHIP} from (
      select organisation_id, user_id, $3::uuid as workspace_id from gatehouse.members
      where user_id = a.id and removed_at is null
    ) mine ${membershipJoins('mine')}
    order by coalesce(m.organisation_id = $2, false) desc, (w.workspace_id is not null) desc,
      m.created_at, m.organisation_id
    limit 1
  ) x on true
  where a.email = $1 and a.external_issuer is null`;

/** As addresses are stored. It is the only place that changes their case: what is locked is what is looked up. */
export const emailOf = (text: string): string => text.toLowerCase();

interface Credentials extends Wish {
  readonly email: string;
  readonly password: string;
}

export interface Passwords {
  /**
   * Signs a user in. There is one outcome, after the same work, for an unknown user, a wrong password, a disabled user
   * and one who is no member of what is wished.
   */
  signIn(credentials: Credentials, origin: Origin): Promise<SignedIn | undefined>;
  /** Whether it is the password of this account, member of something or not: then its id. */
  prove(credentials: Credentials, origin: Origin): Promise<string | undefined>;
}

export function passwords(pool: OpenPool, lockout: Lockout): Passwords {
  /** Both count against the lock-out, and a failure goes to the audit of the user's organisation. */
  const check = async <T>(
    { email: typed, password, ...wish }: Credentials,
    origin: Origin,
    judge: (account: Account, row: MembershipRow | undefined) => T | undefined,
  ): Promise<T | undefined> => {
    const email = emailOf(typed);
    let account: Account | undefined;
    const { found, lockedMs } = await lockout.guard({ email, address: origin.sourceIp }, async () => {
      const { rows } = await (await pool()).query(FIND, [email, wish.organisation ?? null, wish.workspace ?? null]);
      account = z.array(Account).parse(rows)[0];
      const right = await checkPassword(password, account?.password_hash ?? undefined);
      if (!right || !account || account.account_status !== 'active') return undefined;
      return judge(account, account.organisation_id === null ? undefined : MembershipRow.parse(rows[0]));
    });
    if (found === undefined || !account) await noteFailure(pool, account, lockedMs, origin);
    else await renew(pool, account, password);
    return found;
  };
  return {
    signIn: (credentials, origin) =>
      check(credentials, origin, (account, row) => {
        const membership = row && wished(row, credentials);
        return membership && { membership, passwordVersion: account.password_version };
      }),
    prove: (credentials, origin) => check(credentials, origin, ({ account_id }) => account_id),
  };
}

const wished = (row: MembershipRow, { organisation, workspace }: Wish): Membership | undefined =>
  organisation === undefined || row.organisation_id === organisation ? membershipOf(row, workspace) : undefined;

/** A hash made at a lower cost is made anew while the password is at hand. */
async function renew(pool: OpenPool, { account_id, password_hash }: Account, password: string): Promise<void> {
  if (password_hash === null || !isCheap(password_hash)) return;
  const sql = 'update gatehouse.users set password_hash = $3 where id = $1 and password_hash = $2';
  await (await pool()).query(sql, [account_id, password_hash, await hashPassword(password)]);
}

/** What was typed as the name is not noted: people type passwords there. */
async function noteFailure(pool: OpenPool, account: Account | undefined, lockedMs: number, origin: Origin) {
  const organisation = account?.organisation_id ?? NO_ORGANISATION;
  const event = {
    actor: 'nobody',
    action: 'login.failed',
    target: account ? `user:${account.account_id}` : 'user:unknown',
    outcome: 'refused',
    reason: lockedMs > 0 ? `locked for ${lockedMs / 1000} s` : 'not the password of a member',
  } as const;
  await inTenant(pool, { organisation }, (sql) => appendAudit(sql, organisation, origin, event));
}
