import type { SubgraphName } from './shop';

/** An object as `graphql` resolves it by its default: a member, or a function that returns it. */
type Known = Readonly<Record<string, unknown>>;

const WORDS = 'the lamp is as bright as we had hoped and came two days late in a box that somebody had sat on'.split(
  ' ',
);
const NAMES = ['Ada', 'Bela', 'Carl', 'Dora', 'Emil', 'Fritzi'];
const GOODS = ['Table', 'Couch', 'Glass', 'Chair', 'Screen', 'Lamp', 'Grill', 'Fridge', 'Sofa'];
const REVIEWS = 18;

/** Between 50 and 65 words, the same in each run. */
const bodyOf = (id: number) =>
  Array.from({ length: 50 + ((id * 7) % 16) }, (_, at) => WORDS[(id * 5 + at * 3) % WORDS.length]).join(' ');

const users = NAMES.map((name, at) => ({ id: String(at + 1), name: `${name} Example`, username: name.toLowerCase() }));
const products = GOODS.map((name, at) => ({
  upc: String(at + 1),
  name,
  price: 15 + at * 321,
  weight: 20 + at * 90,
}));
const reviews = Array.from({ length: REVIEWS }, (_, at) => ({
  id: String(at + 1),
  body: bodyOf(at),
  user: users[at % users.length],
  upc: String((at % products.length) + 1),
}));

const userOfReviews = ({ id }: Known): Known => ({
  id,
  username: users.find((user) => user.id === id)?.username,
  reviews: () => reviews.filter(({ user }) => user?.id === id).map(review),
});
const productOfReviews = ({ upc }: Known): Known => ({
  upc,
  reviews: () => reviews.filter((each) => each.upc === upc).map(review),
});
const review = ({ id, body, user, upc }: (typeof reviews)[number]): Known => ({
  id,
  body,
  author: () => userOfReviews({ id: user?.id }),
  product: () => productOfReviews({ upc }),
});

interface Resolvers {
  /** What the fields of `Query` return. */
  readonly roots: Known;
  /** An entity by its representation. */
  readonly entities: Readonly<Record<string, (representation: Known) => Known | undefined>>;
}

/** What each subgraph knows: little, and the same each time. */
export const RESOLVERS: Readonly<Record<SubgraphName, Resolvers>> = {
  accounts: {
    roots: {
      me: users[0],
      user: ({ id }: Known) => users.find((user) => user.id === id),
      users,
    },
    entities: { User: ({ id }) => users.find((user) => user.id === id) },
  },
  products: {
    roots: {
      product: ({ upc }: Known) => products.find((product) => product.upc === upc),
      topProducts: ({ first }: Known) => products.slice(0, Number(first)),
    },
    entities: { Product: ({ upc }) => products.find((product) => product.upc === upc) },
  },
  inventory: {
    roots: {},
    entities: {
      Product: ({ upc, price, weight }) => ({
        upc,
        inStock: Number(upc) % 3 !== 0,
        shippingEstimate: Number(price) > 1000 ? 0 : Math.floor(Number(weight) / 2),
      }),
    },
  },
  reviews: {
    roots: {},
    entities: {
      Review: ({ id }) => reviews.filter((each) => each.id === id).map(review)[0],
      User: userOfReviews,
      Product: productOfReviews,
    },
  },
};
