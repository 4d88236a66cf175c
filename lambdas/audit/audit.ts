import * as z from 'zod/mini';
import type { Changes } from '../shared/access/change';
import { refuse } from '../shared/errors';
import { page, placeOf } from '../shared/http/page';
import type { Operations } from '../shared/http/route';
import { fromJson } from '../shared/json';
import { type auditRoutes, Entry } from './contract';
import { CursorKey, exportPage } from './export';
import { conditionsOf } from './filters';
import { verify } from './verify';

/** An entry but for its place in the chain, as the text that was hashed. */
const Record = z.pipe(fromJson, z.omit(Entry, { seq: true, at: true }));
const Row = z.object({ seq: z.coerce.number(), at: z.string(), record: z.string() });

const NOWHERE = { requestId: '', sourceIp: '', userAgent: '' };
/** Of a record that somebody has altered until nobody can read it: what is wrong with it is for the check to say. */
const UNREADABLE = { actor: '', action: '', target: '', outcome: '', from: NOWHERE };

function entryOf({ seq, at, record }: z.output<typeof Row>): Entry {
  const parsed = Record.safeParse(record);
  return { seq, at, ...(parsed.success ? parsed.data : UNREADABLE) };
}

const COLUMNS = "seq, to_json(at) #>> '{}' as at, record";

export const audit = (changes: Changes): Operations<typeof auditRoutes> => ({
  async listAudit({ principal, query }) {
    const { limit: asked, cursor, order = 'desc', ...filters } = query;
    const { limit, after } = placeOf(CursorKey, { limit: asked, cursor });
    const { sql, values } = conditionsOf(principal.organisation, filters, { after: after?.[0], order });
    const statement = `select ${COLUMNS} from gatehouse.audit_log where ${sql} order by seq ${order} limit $${values.length + 1}`;
    const { rows } = await changes.read({ principal }, (tx) => tx.query(statement, [...values, limit + 1]));
    return page(z.array(Row).parse(rows), limit, entryOf, ({ seq }) => [seq]);
  },

  async verifyAudit({ principal, query: { head, seq, behind = 0 } }) {
    if ((head === undefined) !== (seq === undefined)) refuse('bad_request', 'query: head and seq go together');
    const noted = head !== undefined && seq !== undefined ? { head, seq } : undefined;
    return changes.read({ principal }, (sql) => verify(sql, principal.organisation, behind, noted));
  },

  exportAudit: ({ principal, query }) =>
    changes.read({ principal }, (sql) => exportPage(sql, principal.organisation, query)),
});
