import * as z from 'zod/mini';
import type { Identity } from '../../../lambdas/shared/access/principal';
import { captureOutput } from '../../support/output';
import { startWebhookApi } from '../../support/webhook-api';

captureOutput();
let api: Awaited<ReturnType<typeof startWebhookApi>>;
let acme: Identity;
let viewer: Identity;
let globex: Identity;
beforeAll(async () => {
  api = await startWebhookApi();
  [acme, viewer, globex] = await Promise.all([
    api.tenants.signedIn('admin'),
    api.tenants.signedIn('viewer'),
    api.tenants.signedIn('admin', 'globex.example'),
  ]);
}, 60_000);
afterAll(() => api.stop());

const PATH = '/v1/event-types/{name}/versions/{version}';
const schema = (properties: Record<string, unknown>, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
});
const INVOICE = { schema: schema({ amount: { type: 'integer' } }), example: { amount: 1200 } };
/** `amount` is called `cents` from version 2 on. */
const SECOND = {
  schema: schema({ cents: { type: 'integer' } }),
  example: { cents: 1200 },
  down: [{ rename: { from: 'cents', to: 'amount' } }],
};
const put = (by: Identity, name: string, version: number, body: unknown, query = {}) =>
  api.call(`PUT ${PATH}`, by, { params: { name, version: String(version) }, query, body });
const get = (by: Identity, name: string, version: number) =>
  api.call(`GET ${PATH}`, by, { params: { name, version: String(version) } });
const remove = (by: Identity, name: string, version: number) =>
  api.call(`DELETE ${PATH}`, by, { params: { name, version: String(version) } });
const endpoint = async (by: Identity, types: string[], payloadVersions?: Record<string, number>) =>
  api.call('POST /v1/webhooks/endpoints', by, { body: { url: 'http://127.0.0.1:9', types, payloadVersions } });
const publish = (by: Identity, body: unknown) => api.call('POST /v1/events', by, { body });

const Page = z.object({
  items: z.array(z.looseObject({ name: z.string(), version: z.optional(z.int()) })),
  next: z.optional(z.string()),
});
const Published = z.object({
  items: z.array(z.looseObject({ id: z.string(), deliveries: z.int(), warnings: z.optional(z.array(z.string())) })),
});
const Id = z.looseObject({ id: z.string() });
const bodies = () =>
  api.messages
    .splice(0)
    .map(({ endpoint: to, body = '' }) => ({ to, ...z.record(z.string(), z.unknown()).parse(JSON.parse(body)) }));

describe('a version of an event type', () => {
  test('is shown with its schema and example to its organisation, and to no other', async () => {
    const made = await put(acme, 'invoice.paid', 1, { ...INVOICE, description: 'Paid in full.' });
    expect(made.status).toBe(200);
    expect(made.body).toMatchObject({
      name: 'invoice.paid',
      version: 1,
      catalogue: 'own',
      description: 'Paid in full.',
      ...INVOICE,
      validation: 'enforce',
      deprecated: null,
    });
    expect((await get(acme, 'invoice.paid', 1)).body).toEqual(made.body);
    expect((await get(globex, 'invoice.paid', 1)).status).toBe(404);
    const { rows } = await api.tenants.database.master.query(
      'select action from gatehouse.audit_log where target = $1',
      ['event_type:invoice.paid#1'],
    );
    expect(rows).toEqual([{ action: 'event_type.created' }]);
  });

  test('is replaced by what it is compatible with alone; what breaks it needs a new number', async () => {
    await put(acme, 'order.made', 1, INVOICE);
    const wider = { ...INVOICE, schema: schema({ amount: { type: 'integer' }, note: { type: 'string' } }, ['amount']) };
    expect((await put(acme, 'order.made', 1, wider)).status).toBe(200);
    const { status, body } = await put(acme, 'order.made', 1, { ...SECOND, down: undefined });
    expect(status).toBe(422);
    expect(body).toMatchObject({
      code: 'incompatible',
      incompatibilities: expect.arrayContaining([{ path: '/schema/properties/amount', detail: 'is no longer there' }]),
    });
    expect((await put(acme, 'order.made', 2, SECOND)).status).toBe(200);
    expect((await get(acme, 'order.made', 1)).body).toMatchObject({ schema: wider.schema });
  });

  test('has the next number, or one that is there', async () => {
    expect((await put(acme, 'order.sent', 2, SECOND)).status).toBe(409);
  });

  test.each([
    ['an example that its schema does not take', { ...INVOICE, example: {} }, 'example'],
    ['a schema that is none', { ...INVOICE, schema: { type: 'number of things' } }, 'schema'],
    [
      'a schema with a pattern that may never end',
      { schema: { type: 'string', pattern: '(a)\\1' }, example: '' },
      'schema',
    ],
    ['no example', { schema: {} }, 'example'],
    ['a way down from version 1', { ...INVOICE, down: [] }, 'down'],
    ['a word that is none', { ...INVOICE, color: 'red' }, 'color'],
  ])('with %s is refused by its name', async (_, body, name) => {
    const refused = await put(acme, 'bad.type', 1, body);
    expect(refused.status).toBe(400);
    expect(refused.body.detail).toContain(name);
  });

  test.each(['gatehouse.ping', 'Invoice', 'a..b', '%2e', 'a#b', 'x'.repeat(200)])(
    'is not of the name %s',
    async (name) => {
      expect((await put(acme, name, 1, INVOICE)).status).toBe(400);
    },
  );

  test.each(['0', '-1', '1.5', '1001', '99999', 'x'])('has no number %s', async (version) => {
    const { status } = await api.call(`PUT ${PATH}`, acme, { params: { name: 'a.b', version }, body: INVOICE });
    expect(status).toBe(400);
  });

  test('is not written by who may not', async () => {
    expect((await put(viewer, 'invoice.paid', 1, INVOICE)).status).toBe(403);
  });

  test('is deprecated by saying so', async () => {
    await put(acme, 'old.type', 1, INVOICE);
    const deprecated = { since: '2030-01-01', note: 'use new.type' };
    expect((await put(acme, 'old.type', 1, { ...INVOICE, deprecated })).body).toMatchObject({ deprecated });
  });

  test('is deleted where it is the newest and nobody pins it', async () => {
    await put(acme, 'gone.soon', 1, INVOICE);
    await put(acme, 'gone.soon', 2, SECOND);
    api.settle();
    const { id } = Id.parse((await endpoint(acme, ['gone.soon'], { 'gone.soon': 2 })).body);
    expect((await remove(acme, 'gone.soon', 1)).status).toBe(409);
    expect((await remove(acme, 'gone.soon', 2)).body.detail).toContain(id);
    await api.call('PATCH /v1/webhooks/endpoints/{id}', acme, { params: { id }, body: { payloadVersions: null } });
    expect((await remove(globex, 'gone.soon', 2)).status).toBe(404);
    expect((await remove(acme, 'gone.soon', 2)).status).toBe(204);
    expect((await get(acme, 'gone.soon', 2)).status).toBe(404);
    await api.call('DELETE /v1/webhooks/endpoints/{id}', acme, { params: { id } });
  });

  test('is listed by name and number, a page at a time', async () => {
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const query = { limit: '2', ...(cursor !== undefined && { cursor }) };
      const { items, next } = Page.parse((await api.call('GET /v1/event-types', acme, { query })).body);
      names.push(...items.map(({ name, version }) => `${name}#${version ?? 0}`));
      cursor = next;
    } while (cursor);
    expect(names.length).toBeGreaterThan(3);
    expect(names).toEqual(names.toSorted());
    expect(names.length).toBe(new Set(names).size);
  });
});

describe('an event of a known type', () => {
  test('is refused where its data does not fit, with what does not', async () => {
    await put(acme, 'strict.type', 1, INVOICE);
    api.settle();
    const { status, body } = await publish(acme, { type: 'strict.type', data: { amount: 'much' } });
    expect(status).toBe(400);
    expect(body.detail).toContain('data/amount must be integer');
    expect((await publish(acme, { type: 'strict.type', data: { amount: 1 } })).status).toBe(202);
    expect((await publish(acme, { type: 'strict.type', version: 2, data: { amount: 1 } })).status).toBe(400);
  });

  test('is taken where its type is only observed, and the answer says what does not fit', async () => {
    await put(acme, 'loose.type', 1, { ...INVOICE, validation: 'observe' });
    api.settle();
    const { items } = Published.parse((await publish(acme, { type: 'loose.type', data: {} })).body);
    expect(items[0]?.warnings).toEqual(["data must have required property 'amount'"]);
  });

  test('is of the newest version, and endpoints that pin the one before get that', async () => {
    await put(acme, 'paid.bill', 1, INVOICE);
    await put(acme, 'paid.bill', 2, SECOND);
    api.settle();
    const pinned = Id.parse((await endpoint(acme, ['paid.bill'], { 'paid.bill': 1 })).body).id;
    const newest = Id.parse((await endpoint(acme, ['paid.bill'])).body).id;
    api.settle();
    api.messages.splice(0);
    const { items } = Published.parse((await publish(acme, { type: 'paid.bill', id: 'b1', data: { cents: 5 } })).body);
    expect(items[0]?.deliveries).toBe(2);
    const sent = bodies();
    expect(sent.find(({ to }) => to === pinned)).toMatchObject({ version: 1, data: { amount: 5 } });
    expect(sent.find(({ to }) => to === newest)).toMatchObject({ version: 2, data: { cents: 5 } });
  });

  test('that is published again once there is a newer version is the same event', async () => {
    await put(acme, 'same.event', 1, { ...INVOICE, validation: 'observe' });
    api.settle();
    const event = { type: 'same.event', id: 'same', data: { amount: 5 } };
    const first = Published.parse((await publish(acme, event)).body).items[0]?.id;
    await put(acme, 'same.event', 2, { ...SECOND, validation: 'observe' });
    api.settle();
    const again = await publish(acme, event);
    expect(again.status).toBe(202);
    expect(Published.parse(again.body).items[0]?.id).toBe(first);
  });

  test('that breaks with what an endpoint pins does not go there', async () => {
    await put(acme, 'broken.type', 1, INVOICE);
    api.settle();
    await endpoint(acme, ['broken.type'], { 'broken.type': 1 });
    const { down: _, ...breaking } = { ...SECOND, breaking: true };
    expect((await put(acme, 'broken.type', 2, breaking)).status).toBe(200);
    api.settle();
    const { items } = Published.parse((await publish(acme, { type: 'broken.type', data: { cents: 5 } })).body);
    expect(items[0]?.deliveries).toBe(0);
    const old = Published.parse((await publish(acme, { type: 'broken.type', version: 1, data: { amount: 5 } })).body);
    expect(old.items[0]?.deliveries).toBe(1);
  });

  test("of a name of the platform is nobody else's to publish", async () => {
    expect((await publish(acme, { type: 'gatehouse.ping', data: {} })).status).toBe(400);
  });

  test('that nobody has described is taken as it comes', async () => {
    expect((await publish(globex, { type: 'any.thing', data: { amount: 'much' } })).status).toBe(202);
  });
});

describe('an endpoint', () => {
  test.each([
    ['a type that is in no catalogue', { 'no.such.type': 1 }],
    ['a version that is in no catalogue', { 'pinned.type': 9 }],
    ['a version that is no longer served', { 'pinned.type': 1 }],
  ])('is not registered with a pin to %s', async (_, pins) => {
    await put(acme, 'pinned.type', 1, INVOICE);
    await put(acme, 'pinned.type', 2, SECOND);
    for (const version of [3, 4])
      expect((await put(acme, 'pinned.type', version, { ...SECOND, down: [] })).status).toBe(200);
    api.settle();
    const refused = await endpoint(acme, ['*'], pins);
    expect(refused.status).toBe(400);
    expect(refused.body.errors?.[0]?.name).toBe(`payloadVersions.${Object.keys(pins)[0]}`);
    expect((await endpoint(acme, ['pinned.type'], { 'pinned.type': 2 })).status).toBe(201);
  });
});

// The admin of acme.example operates the platform (lambdas/seed).
describe("the operator's catalogue", () => {
  test('is written by operators alone, and seen by all', async () => {
    expect((await put(globex, 'common.type', 1, INVOICE, { catalogue: 'platform' })).status).toBe(403);
    expect((await put(acme, 'common.type', 1, INVOICE, { catalogue: 'platform' })).status).toBe(200);
    expect((await get(globex, 'common.type', 1)).body).toMatchObject({ catalogue: 'platform' });
    api.settle();
    expect((await publish(globex, { type: 'common.type', data: {} })).status).toBe(400);
  });

  test('is hidden by a name of their own', async () => {
    await put(globex, 'common.type', 1, { schema: {}, example: {} });
    api.settle();
    expect((await publish(globex, { type: 'common.type', data: {} })).status).toBe(202);
    expect((await publish(acme, { type: 'common.type', data: {} })).status).toBe(400);
  });
});
