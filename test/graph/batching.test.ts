import { logger } from '../../lambdas/shared/telemetry';
import { startRedis, type TestRedis } from '../support/redis';
import { type Shop, startShop } from '../support/shop';
import { environment, settable } from './support';

jest.spyOn(logger, 'info').mockImplementation(() => undefined);
let shop: Shop;
let redis: TestRedis;
beforeAll(async () => {
  [shop, redis] = await Promise.all([startShop(), startRedis()]);
});
afterAll(() => Promise.all([shop.stop(), redis.stop()]));

const settings = settable();
const started = () => environment({ shop, redis: redis.commands, settings });
const NAME = { query: '{ __typename }' };
const refused = (detail: string) => ({
  status: 400,
  cost: '1',
  body: expect.objectContaining({ detail: expect.stringContaining(detail) }),
});

test('a list of operations is refused until the graph is set to take them', async () => {
  settings.set();
  expect(await started()([NAME])).toEqual(refused('body: send one operation a request; batches are not accepted'));
});

describe('where lists are taken', () => {
  beforeEach(() => settings.set({ batching: { most: 3 } }));

  test('each operation is answered at its place, whatever becomes of the others', async () => {
    const ask = started();
    const product = { query: 'query ($id: ID!) { product(id: $id) { name } }', variables: { id: 'product-01' } };
    expect(await ask([product, { query: '{ nothing }' }, NAME])).toEqual({
      status: 200,
      cost: '3',
      body: [
        { data: { product: { name: 'Oak lamp' } } },
        { errors: [expect.objectContaining({ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } })] },
        { data: { __typename: 'Query' } },
      ],
    });
    expect((await ask([NAME])).body).toEqual([{ data: { __typename: 'Query' } }]);
    expect((await ask(NAME)).body).toEqual({ data: { __typename: 'Query' } });
  });

  test('it costs what all of them cost', async () => {
    const dear = { query: '{ products(first: 100) { name reviews { body } } }' };
    expect((await started()([dear, NAME])).cost).toBe('12');
  });

  test('while costs are only observed it spends as many requests as it holds', async () => {
    settings.set({ batching: { most: 3 }, cost: 'observe' });
    expect((await started()([{ query: '{ products(first: 100) { name reviews { body } } }' }, NAME])).cost).toBe('2');
  });

  test('each operation is within the limits of documents, or is refused by itself', async () => {
    const wide = { query: `{ ${Array.from({ length: 101 }, (_, index) => `a${index}: __typename`).join(' ')} }` };
    expect(await started()([wide, NAME])).toMatchObject({
      status: 200,
      body: [{ errors: [{ extensions: { code: 'TOO_MANY_ROOT_FIELDS' } }] }, { data: {} }],
    });
  });

  test.each([
    ['more than it may hold', [NAME, NAME, NAME, NAME], 'body: a list may hold 3 operations'],
    ['more than any may hold', Array.from({ length: 21 }, () => NAME), 'body: a list holds 1 to 20 operations'],
    ['nothing', [], 'body: a list holds 1 to 20 operations'],
    ['a list', [NAME, [NAME]], 'body[1]: must be of type object'],
    ['what is no request', [NAME, {}], 'body[1]: query is missing'],
  ])('a list that holds %s is refused whole', async (_, asked, detail) => {
    expect(await started()(asked)).toEqual(refused(detail));
  });
});
