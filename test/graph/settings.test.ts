import { randomUUID } from 'node:crypto';
import type { ServeOptions } from '../../lambdas/shared/http/serve';
import { logger } from '../../lambdas/shared/telemetry';
import { served } from '../support/event';
import { captureOutput } from '../support/output';
import { startRedis, type TestRedis } from '../support/redis';
import { type Shop, startShop } from '../support/shop';
import { environment, settable } from './support';

const output = captureOutput();
jest.spyOn(logger, 'info').mockImplementation(() => undefined);
let shop: Shop;
let redis: TestRedis;
beforeAll(async () => {
  [shop, redis] = await Promise.all([startShop(), startRedis()]);
});
afterAll(() => Promise.all([shop.stop(), redis.stop()]));

const settings = settable();
beforeEach(() => settings.set());
const started = (options: { version?: string; introspection?: boolean } = {}) =>
  environment({ shop, redis: redis.commands, settings, ...options });

const aliases = (count: number) =>
  `{ ${Array.from({ length: count }, (_, index) => `a${index}: __typename`).join(' ')} }`;
const TOO_MANY = { code: 'TOO_MANY_ROOT_FIELDS', message: 'The document may have 100 fields at the root at most.' };
const REFUSED = { status: 400, body: { errors: [{ message: TOO_MANY.message, extensions: { code: TOO_MANY.code } }] } };
const query = aliases(101);

describe('a document over a limit', () => {
  test('is refused while limits are enforced', async () => {
    expect(await started()({ query })).toEqual(REFUSED);
  });

  test('runs while they are observed, and is counted', async () => {
    settings.set({ limits: 'observe' });
    const { status, body } = await started()({ query });
    expect([status, body]).toEqual([200, { data: expect.objectContaining({ a100: 'Query' }) }]);
    expect(output.text()).toContain('"DocumentsOverLimit":');
  });

  test('runs with a warning to its caller, known or not', async () => {
    settings.set({ limits: 'warn' });
    const ask = started();
    for (const _ of ['unknown', 'known'])
      expect((await ask({ query })).body).toMatchObject({
        data: { a0: 'Query' },
        extensions: { warnings: [TOO_MANY] },
      });
    expect((await ask({ query: '{ __typename }' })).body).toEqual({ data: { __typename: 'Query' } });
  });

  test('is refused again once they are enforced, by who has run it and by who finds it learned', async () => {
    const version = randomUUID();
    const ask = started({ version });
    settings.set({ limits: 'observe' });
    expect(await ask({ query })).toMatchObject({ status: 200 });
    settings.set();
    for (const each of [ask, started({ version })]) expect(await each({ query })).toEqual(REFUSED);
  });

  test('four times over one is refused whatever the settings say, and so is what no stack holds', async () => {
    settings.set({ limits: 'observe' });
    const ask = started();
    expect(await ask({ query: aliases(401) })).toMatchObject({
      status: 400,
      body: { errors: [{ extensions: { code: 'TOO_MANY_ROOT_FIELDS' } }] },
    });
    expect(await ask({ query: '{ a '.repeat(9_900) })).toMatchObject({ body: { errors: [{}] } });
  });

  test('warns beside what is null, and says what is wrong with its variables', async () => {
    settings.set({ limits: 'warn' });
    const ask = started();
    const variable = `query ($id: ID!) { product(id: $id) { name } ${query.slice(1)}`;
    expect((await ask({ query: variable, variables: { id: 'none' } })).body).toMatchObject({
      data: { product: null },
      extensions: { warnings: [TOO_MANY] },
    });
    expect(await ask({ query: variable })).toMatchObject({
      body: { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] },
    });
  });
});

/** An access that holds so much, and notes what is spent. */
const holding = (most: number) => {
  const asked: unknown[] = [];
  const access: ServeOptions['access'] = {
    ...served.access,
    async admit(identity, origin, cost, observed = 0) {
      asked.push({ cost, observed });
      const admission = await served.access.admit(identity, origin, cost);
      const { binding } = admission.limits;
      return observed > most ? { ...admission, limits: { ...admission.limits, exceeded: binding } } : admission;
    },
  };
  return { asked, access };
};
const budgeted = (access: ServeOptions['access']) =>
  environment({ shop, redis: redis.commands, settings, access, version: 'budget' });

describe('an operation that costs more than its limits hold', () => {
  const costly = { query: '{ products(first: 100) { name reviews { body author { name } } } }' };
  test('spends all of it while costs are enforced', async () => {
    const { asked, access } = holding(20);
    expect(await budgeted(access)(costly)).toMatchObject({
      status: 200,
      body: { data: { products: expect.any(Array) } },
    });
    expect(asked).toEqual([{ cost: 21, observed: 0 }]);
  });

  test.each([
    ['observed', 'observe', undefined],
    [
      'warned of',
      'warn',
      {
        warnings: [
          {
            code: 'OVER_BUDGET',
            message: 'The request costs 21, which the burst limit of the user (1000) would refuse.',
          },
        ],
      },
    ],
  ] as const)('spends 1, runs and is counted while that is only %s', async (_, cost, extensions) => {
    settings.set({ cost });
    const { asked, access } = holding(20);
    const ask = budgeted(access);
    const { status, body } = await ask(costly);
    expect(status).toBe(200);
    expect(body).toMatchObject({ data: { products: expect.any(Array) }, ...(extensions && { extensions }) });
    // A metric is told once a second.
    if (cost === 'observe') expect(output.text()).toContain('"OperationsOverBudget":');
    expect(await ask({ query: '{ __typename }' })).toEqual({ status: 200, body: { data: { __typename: 'Query' } } });
    expect(asked).toEqual([
      { cost: 1, observed: 21 },
      { cost: 1, observed: 1 },
    ]);
  });
});

describe('the schema', () => {
  const asked = { query: '{ __type(name: "Query") { name } }' };
  const TOLD = { data: { __type: { name: 'Query' } } };
  const CLOSED = { errors: [{ message: expect.stringContaining('introspection has been disabled') }] };

  test('is told as the stage was deployed, until somebody says otherwise', async () => {
    expect((await started({ introspection: true })(asked)).body).toEqual(TOLD);
    expect((await started()(asked)).body).toMatchObject(CLOSED);
  });

  test('is told to operators of the platform alone, whatever the stage', async () => {
    settings.set({ introspection: 'operators' });
    for (const introspection of [true, false]) {
      const ask = started({ introspection });
      expect((await ask(asked, { roles: ['viewer', 'operator'] })).body).toEqual(TOLD);
      expect((await ask(asked, { roles: ['admin'] })).body).toMatchObject(CLOSED);
    }
  });

  test('is told to nobody once that is off', async () => {
    settings.set({ introspection: 'off' });
    const ask = started({ introspection: true });
    expect((await ask(asked, { roles: ['admin', 'operator'] })).body).toMatchObject(CLOSED);
  });
});
