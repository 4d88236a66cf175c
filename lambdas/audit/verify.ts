import * as z from 'zod/mini';
import type { Sql } from '../shared/stores/tenancy';

/** A head as somebody noted it. */
interface Noted {
  readonly head: string;
  readonly seq: number;
}

/** Checked in a second (4 µs a link were measured); a longer chain is checked in several calls. */
const MOST_LINKS = 250_000;

const Checked = z.object({
  links: z.coerce.number(),
  head: z.string(),
  checked: z.coerce.number(),
  broken: z.nullable(z.coerce.number()),
  why: z.nullable(z.enum(['altered', 'unlinked', 'missing', 'duplicate'])),
});

const CHECK = "select links, encode(head, 'hex') as head, checked, broken, why from gatehouse.audit_verify($1, $2, $3)";
const IS_LINK = "select from gatehouse.audit_log where organisation_id = $1 and seq = $2 and hash = decode($3, 'hex')";

export async function verify(
  sql: Sql,
  organisation: string,
  behind: number,
  noted: Noted | undefined,
  most = MOST_LINKS,
) {
  const { rows } = await sql.query(CHECK, [organisation, behind, most]);
  const { links, head, checked, broken, why } = Checked.parse(rows[0]);
  const found = noted && (await sql.query(IS_LINK, [organisation, noted.seq, noted.head])).rowCount === 1;
  const isWhole = broken === null || why === null;
  return {
    intact: isWhole,
    links,
    head,
    checked,
    ...(isWhole && checked < links && { next: checked }),
    ...(!isWhole && { broken: { seq: broken, why } }),
    ...(noted && { noted: { seq: noted.seq, holds: found === true } }),
  };
}
