import { logger } from '../../lambdas/shared/telemetry';
import { type Shop, startShop } from '../support/shop';

let shop: Shop;
beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop.stop());
beforeEach(() => {
  shop.statements.length = 0;
});

async function ask(name: keyof Shop['subgraphs'], query: string, variables = {}) {
  const response = await fetch(shop.subgraphs[name].url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, body: JSON.parse(await response.text()) as unknown };
}

const entities = (selection: string) => `query ($of: [_Any!]!) { _entities(representations: $of) { ${selection} } }`;
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const padded = (prefix: string, n: number) => `${prefix}-${String(n).padStart(2, '0')}`;

test('the example data is the same on every machine', async () => {
  const { rows } = await shop.postgres.master.query(
    `select (select count(*)::int from shop.products) products, (select count(*)::int from shop.accounts) accounts,
            (select count(*)::int from shop.reviews) reviews,
            (select md5(string_agg(r::text, '' order by id)) from shop.reviews r) fingerprint`,
  );
  const fingerprint = '08bc3d8b7e99d2200515a2546f560da3';
  expect(rows).toEqual([{ products: 60, accounts: 20, reviews: 300, fingerprint }]);
});

test('every product has reviews by several accounts, and every review names a product and an account that exist', async () => {
  const { rows } = await shop.postgres.master.query(
    `select p.id from shop.products p join shop.reviews r on r.product_id = p.id join shop.accounts a on a.id = r.author_id
     group by p.id having count(*) = 5 and count(distinct a.id) > 1`,
  );
  expect(rows).toHaveLength(60);
});

test("the subgraphs' role reads the shop and changes nothing", async () => {
  const pool = shop.postgres.as('gatehouse_examples');
  await expect(pool.query('delete from shop.reviews')).rejects.toThrow('permission denied');
  await expect(pool.query('create table shop.mine ()')).rejects.toThrow('permission denied');
});

test.each([
  [
    'accounts',
    '{ users(first: 2) { id name } }',
    {
      users: [
        { id: 'user-01', name: 'Ada Moreau' },
        { id: 'user-02', name: 'Bilal Haddad' },
      ],
    },
  ],
  [
    'accounts',
    '{ user(id: "user-20") { name } nobody: user(id: "x") { name } }',
    { user: { name: 'Talia Cohen' }, nobody: null },
  ],
  [
    'products',
    '{ product(id: "product-60") { id name priceCents } }',
    { product: { id: 'product-60', name: 'Cork frame', priceCents: 45040 } },
  ],
  [
    'reviews',
    '{ reviews(first: 1) { id rating author { id } product { id } } }',
    { reviews: [{ id: 'review-001', rating: 4, author: { id: 'user-08' }, product: { id: 'product-01' } }] },
  ],
] as const)('%s answers %s', async (name, query, data) => {
  expect(await ask(name, query)).toEqual({ status: 200, body: { data } });
});

test.each([
  ['accounts', 'User', 'user', 20, '... on User { name }'],
  ['products', 'Product', 'product', 60, '... on Product { name }'],
  ['reviews', 'Product', 'product', 60, '... on Product { reviews { id } }'],
  ['reviews', 'User', 'user', 20, '... on User { reviews { id } }'],
] as const)(
  '%s resolves every %s of a request in one SQL statement, each asked for twice',
  async (name, type, prefix, count, selection) => {
    const keys = numbers(count).map((n) => ({ __typename: type, id: padded(prefix, n) }));
    const { body } = await ask(name, entities(selection), { of: [...keys, ...keys] });
    expect(body).toMatchObject({ data: { _entities: [...keys, ...keys].map(() => expect.anything()) } });
    expect(body).not.toHaveProperty('errors');
    expect(shop.statements).toHaveLength(1);
  },
);

test('a loader answers for one request only: the next one sees what has changed since', async () => {
  const query = '{ product(id: "product-02") { name } }';
  const { body: before } = await ask('products', query);
  await shop.postgres.master.query("update shop.products set name = 'Renamed' where id = 'product-02'");
  expect((await ask('products', query)).body).toEqual({ data: { product: { name: 'Renamed' } } });
  await shop.postgres.master.query("update shop.products set name = 'Walnut lamp' where id = 'product-02'");
  expect((await ask('products', query)).body).toEqual(before);
});

test.each([0, 101, -1])('a page of %d is refused by name', async (first) => {
  const { body } = await ask('products', `{ products(first: ${first}) { id } }`);
  expect(body).toMatchObject({
    errors: [{ message: 'first must be between 1 and 100', extensions: { code: 'BAD_USER_INPUT' } }],
  });
  expect(shop.statements).toHaveLength(0);
});

test('a fault inside a subgraph tells the caller nothing of its cause and the log all of it', async () => {
  const log = jest.spyOn(logger, 'error').mockImplementation(() => undefined);
  const { body } = await ask('accounts', entities('... on User { name }'), { of: [{ __typename: 'User', id: 7 }] });
  expect(body).toEqual({
    errors: [
      {
        message: 'Internal error',
        extensions: { code: 'INTERNAL_SERVER_ERROR' },
        path: ['_entities'],
        locations: expect.anything(),
      },
    ],
    data: null,
  });
  expect(log).toHaveBeenCalledWith('fault', { requestId: 'function-url-request', error: expect.any(Error) });
  log.mockRestore();
});
