import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Changes } from '../shared/access/change';
import { digestOf } from '../shared/credentials/digest';
import type { Origin } from '../shared/stores/audit';
import type { OpenPool } from '../shared/stores/postgres';
import type { Client } from './clients';
import { MEMBERSHIP, MembershipRow, membershipJoins, membershipOf } from './membership';
import { needed, oauth } from './oauth';
import { ADMITTED, authorOf, deviceOf, endSession, type Granted, openSession } from './sessions';
import type { SignedIn } from './sign-in';
import { newCode, newRefreshToken } from './tokens';

/** A code goes from the browser to the client at once. */
const LIFE_SECONDS = 60;

/** Codes that were exchanged are known for a day, so that a second use is seen. */
const ISSUE = `
  with person as (${ADMITTED}), gone as (
    delete from gatehouse.authorization_codes where expires_at < to_timestamp($4) - interval '1 day'
  )
  insert into gatehouse.authorization_codes (digest, organisation_id, user_id, workspace_id, client_id, redirect_uri,
    code_challenge, device, address, expires_at)
  select $5, organisation_id, user_id, $6, $7, $8, $9, $10, $11, to_timestamp($4) + interval '${LIFE_SECONDS} s' from person`;

const Row = z.extend(MembershipRow, {
  client_id: z.string(),
  workspace_id: z.nullable(z.uuid()),
  redirect_uri: z.string(),
  code_challenge: z.string(),
  device: z.string(),
  address: z.string(),
  expires_at: z.number(),
  session_id: z.nullable(z.uuid()),
});
type Row = z.output<typeof Row>;

const FIND = `
  select c.client_id, c.workspace_id, c.redirect_uri, c.code_challenge, c.device, c.address, c.session_id,
    extract(epoch from c.expires_at)::float8 * 1000 as expires_at, ${MEMBERSHIP}
  from gatehouse.authorization_codes c ${membershipJoins('c')}
  where c.digest = $1`;

/** Of two who show it at once, one gets the row. */
const CLAIM = 'update gatehouse.authorization_codes set session_id = $2 where digest = $1 and session_id is null';
const SESSION_OF = 'select session_id from gatehouse.authorization_codes where digest = $1';

/** What an authorization request asks the code to be bound to. */
interface Binding {
  readonly client: string;
  readonly redirectUri: string;
  readonly codeChallenge: string;
}

interface CodeCall {
  readonly body: { readonly [K in 'code' | 'redirect_uri' | 'code_verifier']?: string | undefined };
  readonly origin: Origin;
}

export interface Codes {
  /** A code for the client, unless the user may not sign in any more. */
  issue(signedIn: SignedIn, binding: Binding, origin: Origin): Promise<string | undefined>;
  /** RFC 6749 section 4.1.3: opens the session, once. A second use ends it. */
  redeem(call: CodeCall, client: Client): Promise<Granted>;
}

interface Deps {
  readonly pool: OpenPool;
  readonly changes: Changes;
  now(): number;
  newId(): string;
}

const refused = () =>
  oauth('invalid_grant', 'the code is not valid, or not with this client, redirect_uri and code_verifier');

export const codes = ({ pool, changes, now, newId }: Deps): Codes => ({
  async issue({ membership, passwordVersion }, { client, redirectUri, codeChallenge }, origin) {
    const code = newCode();
    const { organisation, user, workspace = null } = membership;
    const values = [digestOf(code), workspace, client, redirectUri, codeChallenge, deviceOf(origin), origin.sourceIp];
    const person = [organisation, user, passwordVersion];
    const { rowCount } = await (await pool()).query(ISSUE, [...person, now() / 1000, ...values]);
    return rowCount === 1 ? code : undefined;
  },

  async redeem({ body, origin }, client) {
    const digest = digestOf(needed(body.code, 'code'));
    const shown = {
      uri: needed(body.redirect_uri, 'redirect_uri'),
      verifier: needed(body.code_verifier, 'code_verifier'),
    };
    const { rows } = await (await pool()).query(FIND, [digest]);
    const row = z.array(Row).parse(rows)[0];
    if (row?.client_id !== client.id) return refused();
    const author = authorOf(row.user_id, row.organisation_id, origin);
    let used = row.session_id;
    const membership =
      isBoundTo(row, shown) && row.expires_at > now() ? membershipOf(row, row.workspace_id ?? undefined) : undefined;
    if (used === null && membership) {
      const [session, refreshToken] = [newId(), newRefreshToken()];
      const { device, address } = row;
      const opened = await changes.change(author, {}, async (tx) => {
        const claimed = await tx.query(CLAIM, [digest, session]);
        const rest = { client: client.id, device, address, refreshToken, nowMs: now() };
        return claimed.rowCount === 1 && openSession(tx, { id: session, membership, ...rest });
      });
      if (opened) return { membership, session, refreshToken };
      used = await sessionOf(pool, digest);
    }
    if (used !== null) await endSession(changes, author, { session: used, why: 'authorization code reused' });
    return refused();
  },
});

interface Shown {
  readonly uri: string;
  readonly verifier: string;
}

/** Character for character the address it was sent to, and the verifier of RFC 7636 section 4.6. */
const isBoundTo = (row: Row, { uri, verifier }: Shown) =>
  row.redirect_uri === uri && VERIFIER.test(verifier) && row.code_challenge === challengeOf(verifier);

const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;
const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');

/** What the other of two found who showed it at once. */
async function sessionOf(pool: OpenPool, digest: Buffer): Promise<string | null> {
  const { rows } = await (await pool()).query(SESSION_OF, [digest]);
  return z.array(z.object({ session_id: z.nullable(z.uuid()) })).parse(rows)[0]?.session_id ?? null;
}
