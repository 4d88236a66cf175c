import * as z from 'zod/mini';
import type { Changes } from '../shared/change';
import type { Operations } from '../shared/route';
import type { auditRoutes } from './contract';

const Broken = z.object({ seq: z.coerce.number(), why: z.string() });
const Head = z.object({ seq: z.coerce.number(), hash: z.string() });

export const audit = (changes: Changes): Operations<typeof auditRoutes> => ({
  async verifyAudit({ principal }) {
    return changes.read({ principal }, async (sql) => {
      const values = [principal.organisation];
      const head = await sql.query(
        "select seq, encode(hash, 'hex') as hash from gatehouse.audit_heads where organisation_id = $1",
        values,
      );
      const found = await sql.query('select seq, why from gatehouse.audit_broken($1)', values);
      const broken = z.array(Broken).parse(found.rows)[0];
      const { seq: links, hash } = z.array(Head).parse(head.rows)[0] ?? { seq: 0, hash: '' };
      return { intact: broken === undefined, links, head: hash, ...(broken && { broken }) };
    });
  },
});
