import { text } from 'node:stream/consumers';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import { listen, type TestServer } from '../support/http';
import { captureOutput } from '../support/output';
import { type Environment, NEWS, PRODUCTS, startRegistry, type TestRegistry } from './support';

captureOutput();
let given: TestRegistry;
/** As on AWS, and as on a laptop. */
let strict: Environment;
let local: Environment;
beforeAll(async () => {
  given = await startRegistry();
  strict = given.environment();
  local = given.environment({ privateTargets: true });
}, 30_000);
afterAll(() => given.stop());
beforeEach(() => given.clear());

/** A service that answers this to whatever it is asked. */
async function serving(answer: string, work: (service: TestServer) => Promise<void>, status = 200): Promise<void> {
  const service = await listen((_, response) =>
    response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(answer),
  );
  try {
    await work(service);
  } finally {
    await service.stop();
  }
}
const publishFrom = (url: string, environment = local) =>
  environment.call('publishSubgraph', { name: 'service', body: { url } });

describe('the SDL of a running service', () => {
  test('is asked for by the query of the federation specification', async () => {
    const schema = buildSubgraphSchema({ typeDefs: parse(PRODUCTS) });
    const service = await listen(async (request, response) => {
      const { query } = JSON.parse(await text(request));
      response.end(JSON.stringify(await graphql({ schema, source: String(query) })));
    });
    try {
      expect(await publishFrom(service.url)).toMatchObject({ status: 200, body: { version: 1, url: service.url } });
      const { body } = await local.call('getSubgraph', { name: 'service' });
      expect(body.sdl).toContain('type Product');
      expect(await local.call('checkSubgraph', { name: 'service', body: { url: service.url } })).toMatchObject({
        body: { passed: true },
      });
    } finally {
      await service.stop();
    }
  });

  test.each([
    ['answers with errors', '{"errors":[{"message":"no"}]}', 200, 'has no SDL at data._service.sdl'],
    ['answers with nothing', '{"data":{"_service":{"sdl":""}}}', 200, 'has no SDL at data._service.sdl'],
    ['talks no JSON', '<html>', 200, 'is not JSON'],
    ['fails', '{}', 500, 'answered 500'],
    ['redirects', '{}', 307, 'answered 307; redirects are not followed'],
    ['never ends', JSON.stringify({ data: { _service: { sdl: ' '.repeat(600_000) } } }), 200, 'is longer than'],
  ])('of one that %s is none, and nothing is changed', async (_, answer, status, detail) => {
    await serving(
      answer,
      async ({ url }) => {
        expect(await publishFrom(url)).toMatchObject({
          status: 400,
          body: { code: 'bad_request', detail: expect.stringContaining(detail) },
        });
        expect(await given.rows()).toEqual([[], [], []]);
      },
      status,
    );
  });

  test('of one that is down is none', async () => {
    expect(await publishFrom('http://127.0.0.1:1/')).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('cannot be reached (ECONNREFUSED)') },
    });
  });

  test('that is longer than one may be is refused', async () => {
    const sdl = `${NEWS}\n# ${'x'.repeat(262_144)}`;
    await serving(JSON.stringify({ data: { _service: { sdl } } }), async ({ url }) => {
      expect(await publishFrom(url)).toMatchObject({ status: 413, body: { code: 'too_large' } });
    });
  });
});

describe('an address', () => {
  test.each([
    ['without TLS', 'http://products.example.com/'],
    ['of a file', 'file:///etc/passwd'],
    ['with a login', 'https://user:secret@products.example.com/'],
    ['of the loopback', 'https://127.0.0.1/'],
    ['of the loopback by name', 'https://localhost:4001/'],
    ['of the loopback by a longer name', 'https://products.localhost/'],
    ['of the loopback as a number', 'https://2130706433/'],
    ['of the metadata service', 'https://169.254.169.254/'],
    ['of a private network', 'https://10.0.0.1/'],
    ['of the loopback by IPv6', 'https://[::1]/'],
    ['that maps the loopback', 'https://[::ffff:127.0.0.1]/'],
    ['with a fragment', 'https://products.example.com/#a'],
    ['that is none', 'products'],
  ])('%s is refused, with an SDL and without', async (_, url) => {
    const name = 'products';
    const refused = { status: 400, body: { code: 'bad_request', detail: expect.stringMatching(/^body: url/) } };
    expect(await strict.call('publishSubgraph', { name, body: { url } })).toMatchObject(refused);
    expect(await strict.call('publishSubgraph', { name, body: { url, sdl: PRODUCTS } })).toMatchObject(refused);
    expect(await strict.call('checkSubgraph', { name, body: { url, sdl: PRODUCTS } })).toMatchObject(refused);
    expect(await given.rows()).toEqual([[], [], []]);
  });

  test('may be private and without TLS on a laptop, and holds no login there either', async () => {
    expect(await local.publish('products', PRODUCTS, { url: 'http://127.0.0.1:4001/' })).toMatchObject({ status: 200 });
    expect(await local.publish('news', NEWS, { url: 'http://user:secret@127.0.0.1:4001/' })).toMatchObject({
      status: 400,
    });
  });
});

describe('a request', () => {
  test.each([
    ['of a name in capitals', 'Products', { url: 'https://a.example.com/', sdl: NEWS }],
    ['of a name that is too long', 'n'.repeat(64), { url: 'https://a.example.com/', sdl: NEWS }],
    ['without an address', 'news', { sdl: NEWS }],
    ['with an empty SDL', 'news', { url: 'https://a.example.com/', sdl: '' }],
    ['with something else', 'news', { url: 'https://a.example.com/', sdl: NEWS, force: true }],
  ])('%s is refused', async (_, name, body) => {
    expect(await strict.call('publishSubgraph', { name, body })).toMatchObject({ status: 400 });
  });

  test('with an SDL of too many bytes is refused, also where they are fewer characters', async () => {
    expect(await strict.publish('news', `${NEWS} # ${'x'.repeat(262_145)}`)).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('sdl must be at most 262144') },
    });
    expect(await strict.publish('news', `${NEWS} # ${'ü'.repeat(140_000)}`)).toMatchObject({ status: 413 });
    expect(await given.rows()).toEqual([[], [], []]);
  });

  test('for one subgraph more than a graph may have, or for more SDL than it may hold, is refused', async () => {
    const filling = '#'.repeat(250_000);
    for (const n of [1, 2, 3, 4])
      expect((await strict.publish(`news${n}`, `type Query { n${n}: Int } ${filling}`)).status).toBe(200);
    expect(await strict.publish('news5', `type Query { n5: Int } ${filling}`)).toMatchObject({ status: 413 });
    expect((await strict.call('listSubgraphs')).body.items).toHaveLength(4);
  });

  test.each([
    ['lists', `type Query { a: ${'['.repeat(20_000)}Int${']'.repeat(20_000)} }`],
    ['a key', `${NEWS} type A @key(fields: "${'a{'.repeat(20_000)}id${'}'.repeat(20_000)}") { id: ID! a: A }`],
    ['tokens', `type Query { ${'f '.repeat(50_000)} }`],
  ])('of %s without end is told what is wrong', async (_, sdl) => {
    expect(await strict.publish('endless', sdl)).toMatchObject({
      status: 422,
      body: { code: 'composition_failed', compositionErrors: expect.arrayContaining([expect.anything()]) },
    });
  });
});
