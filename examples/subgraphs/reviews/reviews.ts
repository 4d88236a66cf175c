import * as z from 'zod/mini';
import { byId, listBy, type Sql, select } from '../rows';
import { keyOf, type Page, pageSize, readSchema, type Subgraph, type SubgraphContext } from '../serve';

const Review = z.object({
  id: z.string(),
  productId: z.string(),
  authorId: z.string(),
  rating: z.int(),
  body: z.string(),
});
type Review = z.output<typeof Review>;

const SELECT = 'select id, product_id as "productId", author_id as "authorId", rating, body from shop.reviews';

const loaders = (sql: Sql) => ({
  review: byId(sql, Review, `${SELECT} where id = any($1)`),
  ofProduct: listBy(sql, Review, 'productId', `${SELECT} where product_id = any($1) order by id`),
  ofAuthor: listBy(sql, Review, 'authorId', `${SELECT} where author_id = any($1) order by id`),
});

type Loaders = ReturnType<typeof loaders>;
type Context = SubgraphContext<Loaders>;
interface Key {
  readonly id: string;
}

/** Users and products belong to other subgraphs: here they are their key, and the reviews that name it. */
const stub = (reference: unknown): Key => ({ id: keyOf(reference) });

export const reviews: Subgraph<Loaders> = {
  typeDefs: readSchema(__dirname),
  loaders,
  resolvers: {
    Query: {
      reviews: (_: unknown, page: Page, { sql }: Context) =>
        select(sql, Review, `${SELECT} order by id limit $1`, [pageSize(page)]),
    },
    Review: {
      __resolveReference: (reference: unknown, { review }: Context) => review.load(keyOf(reference)),
      author: ({ authorId }: Review): Key => ({ id: authorId }),
      product: ({ productId }: Review): Key => ({ id: productId }),
    },
    User: {
      __resolveReference: stub,
      reviews: ({ id }: Key, _: unknown, { ofAuthor }: Context) => ofAuthor.load(id),
    },
    Product: {
      __resolveReference: stub,
      reviews: ({ id }: Key, _: unknown, { ofProduct }: Context) => ofProduct.load(id),
    },
  },
};
