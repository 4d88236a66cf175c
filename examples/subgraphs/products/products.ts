import * as z from 'zod/mini';
import { byId, type Sql, select } from '../rows';
import { keyOf, type Page, pageSize, readSchema, type Subgraph, type SubgraphContext } from '../serve';

const Product = z.object({ id: z.string(), name: z.string(), priceCents: z.int() });
const SELECT = 'select id, name, price_cents as "priceCents" from shop.products';

const loaders = (sql: Sql) => ({ product: byId(sql, Product, `${SELECT} where id = any($1)`) });

type Loaders = ReturnType<typeof loaders>;
type Context = SubgraphContext<Loaders>;

export const products: Subgraph<Loaders> = {
  typeDefs: readSchema(__dirname),
  loaders,
  resolvers: {
    Query: {
      products: (_: unknown, page: Page, { sql }: Context) =>
        select(sql, Product, `${SELECT} order by id limit $1`, [pageSize(page)]),
      product: (_: unknown, { id }: { id: string }, { product }: Context) => product.load(id),
    },
    Product: { __resolveReference: (reference: unknown, { product }: Context) => product.load(keyOf(reference)) },
  },
};
