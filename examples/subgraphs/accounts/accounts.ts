import * as z from 'zod/mini';
import { byId, type Sql, select } from '../rows';
import { keyOf, type Page, pageSize, readSchema, type Subgraph, type SubgraphContext } from '../serve';

const User = z.object({ id: z.string(), name: z.string() });
const SELECT = 'select id, name from shop.accounts';

const loaders = (sql: Sql) => ({ user: byId(sql, User, `${SELECT} where id = any($1)`) });

type Loaders = ReturnType<typeof loaders>;
type Context = SubgraphContext<Loaders>;

export const accounts: Subgraph<Loaders> = {
  typeDefs: readSchema(__dirname),
  loaders,
  resolvers: {
    Query: {
      users: (_: unknown, page: Page, { sql }: Context) =>
        select(sql, User, `${SELECT} order by id limit $1`, [pageSize(page)]),
      user: (_: unknown, { id }: { id: string }, { user }: Context) => user.load(id),
    },
    User: { __resolveReference: (reference: unknown, { user }: Context) => user.load(keyOf(reference)) },
  },
};
