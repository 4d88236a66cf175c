import * as z from 'zod/mini';
import type { Changes } from '../shared/change';
import { refuse } from '../shared/errors';
import type { Operations } from '../shared/route';
import type { keyRoutes } from './contract';

const Row = z.object({ id: z.string(), name: z.string() });

export const keys = (changes: Changes): Operations<typeof keyRoutes> => ({
  async getKey({ principal, params }) {
    const { rows } = await changes.read({ principal }, (sql) =>
      sql.query('select id, name from gatehouse.api_keys where organisation_id = $1 and id = $2', [
        principal.organisation,
        params.id,
      ]),
    );
    return z.array(Row).parse(rows)[0] ?? refuse('not_found');
  },
});
