import { createHash } from 'node:crypto';
import { DOCUMENTS } from '../../lambdas/shared/graph/documents';
import { copyKey } from '../../lambdas/shared/settings/kind';
import { captureOutput } from '../support/output';
import { downRedis } from '../support/redis';
import { statuses } from '../tenants/support';
import { type Environment, PRODUCTS, startRegistry, type TestRegistry } from './support';

captureOutput();
let given: TestRegistry;
let here: Environment;
beforeAll(async () => {
  given = await startRegistry();
  here = given.environment();
}, 30_000);
afterAll(() => given.stop());
beforeEach(async () => {
  await given.clear();
  await here.publish('products', PRODUCTS);
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const NAMES = 'query Names { products { name } }';
const WEIGHTS = 'query Weights { products { weight } }';
const operation = (name: string, body: string) => ({ id: sha256(body), name, type: 'query', body });
const apollo = (...operations: unknown[]) => ({ format: 'apollo-persisted-query-manifest', version: 1, operations });
const MANIFEST = apollo(operation('Names', NAMES), operation('Weights', WEIGHTS));

const put = (client: string, body: unknown, ifMatch?: string) =>
  here.call('publishDocuments', { params: { client }, body, ...(ifMatch !== undefined && { ifMatch }) });
const list = async () => (await here.call('listDocumentManifests')).body;
const rows = () => given.sql('select client, id, hash, name, kind, body from gatehouse.graph_documents order by 1, 2');

describe('a manifest', () => {
  test('of Apollo is stored with its documents', async () => {
    expect(await list()).toEqual({ items: [] });
    const { status, headers, body } = await put('web', MANIFEST);
    const manifest = { client: 'web', version: 1, operations: 2, publishedBy: `user:${given.operator.id}` };
    expect([status, headers.etag, body]).toMatchObject([
      200,
      '"1"',
      { ...manifest, changed: true, inForceWithinSeconds: 2 },
    ]);
    expect(await list()).toMatchObject({ items: [manifest] });
    const found = await here.call('getDocumentManifest', { params: { client: 'web' } });
    expect(found).toMatchObject({ status: 200, headers: { etag: '"1"' } });
    expect(found.body.documents).toEqual([
      { id: sha256(NAMES), hash: sha256(NAMES), name: 'Names', type: 'query' },
      { id: sha256(WEIGHTS), hash: sha256(WEIGHTS), name: 'Weights', type: 'query' },
    ]);
  });

  test('of Relay is stored by its ids', async () => {
    expect(await put('ios-4.2', { names: NAMES })).toMatchObject({ status: 200, body: { operations: 1 } });
    expect(await rows()).toEqual([
      { client: 'ios-4.2', id: 'names', hash: sha256(NAMES), name: 'Names', kind: 'query', body: NAMES },
    ]);
  });

  test('takes the place of the one before, and the same one again changes nothing', async () => {
    await put('web', MANIFEST);
    expect(await put('web', MANIFEST)).toMatchObject({ body: { version: 1, changed: false } });
    expect(await put('web', { names: NAMES })).toMatchObject({ body: { version: 2, changed: true } });
    expect(await rows()).toMatchObject([{ id: 'names' }]);
  });

  test('that was changed meanwhile is left alone', async () => {
    expect(statuses(await Promise.all([put('web', MANIFEST, '"0"'), put('web', { a: NAMES }, '"0"')]))).toEqual([
      200, 412,
    ]);
    expect(await put('web', { b: NAMES }, '"0"')).toMatchObject({
      status: 412,
      body: { detail: 'the manifest is at version 1' },
    });
  });

  test('of another client may hold the same documents, but not mean others by the same ids', async () => {
    await put('web', { names: NAMES });
    expect(await put('ios', { names: NAMES })).toMatchObject({ status: 200 });
    expect(await put('android', { names: WEIGHTS })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('by names the client') },
    });
    expect(await rows()).toHaveLength(2);
  });

  test('is taken back, and its version is never given again', async () => {
    await put('web', MANIFEST);
    const params = { client: 'web' };
    expect(await here.call('deleteDocuments', { params, ifMatch: '"7"' })).toMatchObject({ status: 412 });
    expect(await here.call('deleteDocuments', { params })).toMatchObject({
      status: 200,
      body: { inForceWithinSeconds: 2 },
    });
    expect([await rows(), await list()]).toEqual([[], { items: [] }]);
    for (const name of ['deleteDocuments', 'getDocumentManifest'] as const)
      expect(await here.call(name, { params })).toMatchObject({ status: 404 });
    expect(await put('web', MANIFEST)).toMatchObject({ body: { version: 3 } });
  });

  test('is in the audit of the operator', async () => {
    await put('web', MANIFEST);
    await here.call('deleteDocuments', { params: { client: 'web' } });
    const audit = await given.sql(
      "select action, target, actor from gatehouse.audit_log where action like 'documents.%' order by at desc, seq desc limit 2",
    );
    const common = { target: 'documents:web', actor: `user:${given.operator.id}` };
    expect(audit).toEqual([
      { ...common, action: 'documents.deleted' },
      { ...common, action: 'documents.published' },
    ]);
  });
});

const MESSAGES: readonly (readonly [string, unknown, string, readonly unknown[]])[] = [
  [
    'asks for a field that is not there',
    { a: '{\n  products { price } }' },
    'Cannot query field "price" on type "Product".',
    [{ line: 2, column: 14 }],
  ],
  ['is no GraphQL', { a: 'query {' }, 'Syntax Error: Expected Name, found <EOF>.', [{ line: 1, column: 8 }]],
  ['holds two operations', { a: `${NAMES} ${WEIGHTS}` }, 'It must hold one operation.', []],
  ['holds none', { a: 'fragment F on Product { name }' }, 'It must hold one operation.', []],
  ['is a subscription', { a: 'subscription { a }' }, 'Subscriptions are not supported.', []],
  ['has an id that is the hash of another', { [sha256('x')]: NAMES }, 'Its id looks like a SHA-256', []],
  ['is of another type', apollo({ ...operation('Names', NAMES), type: 'mutation' }), 'It is no mutation.', []],
  ['is named otherwise', apollo(operation('Other', NAMES)), 'Its operation is not named Other.', []],
  ['is nested beyond any stack', { a: '{ a '.repeat(4_900) }, '', expect.any(Array)],
  ['holds a character that no text has', { a: `${NAMES} # \0` }, '', expect.any(Array)],
];

test.each(MESSAGES)(
  'a document that %s is told with its place, and nothing is stored',
  async (_, body, message, at) => {
    const { status, body: problem } = await put('web', body);
    const errors = expect.arrayContaining([{ message: expect.stringContaining(message), positions: at }]);
    expect([status, problem]).toMatchObject([
      422,
      { code: 'documents_invalid', documentErrors: [expect.objectContaining({ errors })] },
    ]);
    expect([await rows(), await list()]).toEqual([[], { items: [] }]);
  },
);

test.each([
  ['is of another format', { format: 'other', version: 1, operations: [] }],
  ['is of another version', { ...apollo(), version: 2 }],
  ['has an id that is none', { 'a b': NAMES }],
  ['has a text that is none', { a: 1 }],
])('a manifest that %s is refused', async (_, body) => {
  expect(await put('web', body)).toMatchObject({ status: 400 });
});

test('the valid documents of a manifest are not stored without the others', async () => {
  const { status, body } = await put('web', { good: NAMES, bad: '{ nothing }' });
  expect([status, body.detail]).toEqual([422, '1 of 2 documents are not valid']);
  expect(await rows()).toEqual([]);
});

test('nothing is published without a graph, nor without Redis', async () => {
  const away = given.environment({ redis: downRedis() });
  const params = { client: 'web' };
  expect(await away.call('publishDocuments', { params, body: MANIFEST })).toMatchObject({ status: 503 });
  await given.clear();
  expect(await put('web', MANIFEST)).toMatchObject({ status: 409 });
  expect([await rows(), await given.tenants.redis.client.exists(copyKey(DOCUMENTS))]).toEqual([[], 0]);
});

test('who only reads publishes nothing, and a tenant does not even read', async () => {
  const as = await given.keyWith('subgraphs:read');
  const params = { client: 'web' };
  expect(await here.call('publishDocuments', { as, params, body: MANIFEST })).toMatchObject({ status: 403 });
  expect(await here.call('listDocumentManifests', { as })).toMatchObject({ status: 200 });
  const tenant = await given.tenants.signedIn('admin', 'globex.example');
  expect(await here.call('listDocumentManifests', { as: tenant })).toMatchObject({ status: 403 });
});
