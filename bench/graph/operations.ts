/** What is asked of all contenders, as the body of a POST. */
export interface Operation {
  readonly name: string;
  readonly body: string;
  /** Requests of one turn of one contender. */
  readonly count: number;
}

const FRAGMENTS = `
fragment User on User { id username name }
fragment Review on Review { id body }
fragment Product on Product { inStock name price shippingEstimate upc weight }`;

const BELOW_A_PRODUCT = 'reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } }';

const DEEP = `query Deep {
  users { ...User reviews { ...Review product { ...Product ${BELOW_A_PRODUCT} } } }
  topProducts { ...Product ${BELOW_A_PRODUCT} }
}${FRAGMENTS}`;

const MEDIUM = `query Medium($first: Int) {
  topProducts(first: $first) { ...Product reviews { ...Review author { ...User } } }
}${FRAGMENTS}`;

const SMALL = 'query Small($upc: String!) { product(upc: $upc) { name } }';

const bodyOf = (query: string, variables = {}) => JSON.stringify({ query, variables });

export const DEEP_OPERATION: Operation = { name: 'deep', body: bodyOf(DEEP), count: 100 };
export const MEDIUM_OPERATION: Operation = { name: 'medium', body: bodyOf(MEDIUM, { first: 5 }), count: 400 };
export const SMALL_OPERATION: Operation = { name: 'small', body: bodyOf(SMALL, { upc: '3' }), count: 1_000 };

/** An operation that nobody has asked before: it differs from the medium one by its name alone. */
export const unknownOperation = (unique: string) =>
  bodyOf(MEDIUM.replace('query Medium', `query Medium${unique}`), { first: 5 });
