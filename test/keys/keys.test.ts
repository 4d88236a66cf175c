import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import type { Identity } from '../../lambdas/shared/access/principal';
import { API_KEY_PATTERN, hashKey, keyIdOf, recordId } from '../../lambdas/shared/credentials/api-key';
import { PEPPER, startKeys, type TestKeys } from '../support/machine-keys';
import { captureOutput } from '../support/output';

const output = captureOutput();
let keys: TestKeys;
let admin: Identity;
let editor: Identity;
let globex: Identity;
beforeAll(async () => {
  keys = await startKeys();
  [admin, editor, globex] = await Promise.all([
    keys.tenants.signedIn('admin'),
    keys.tenants.signedIn('editor'),
    keys.tenants.signedIn('admin', 'globex.example'),
  ]);
}, 30_000);
afterAll(() => keys.stop());

const Page = z.object({ items: z.array(z.object({ id: z.string() })), next: z.optional(z.string()) });
const Usage = z.object({ days: z.array(z.object({ date: z.string(), requests: z.int() })), lastUsedAt: z.string() });
const idempotent = (key: string) => ({ 'Idempotency-Key': key });
const everyRow = async (table: string) =>
  JSON.stringify((await keys.tenants.database.master.query(`select * from gatehouse.${table}`)).rows);

describe('a key that is made', () => {
  test('is shown once, with its address and its version, and is not to be kept by any cache', async () => {
    const { status, headers, body } = await keys.call('POST /v1/keys', {
      by: admin,
      body: {
        name: 'CI',
        scopes: ['graph:query'],
        ipRanges: ['10.1.2.3/8', '192.0.2.7'],
        expiresAt: '2099-01-01T00:00:00Z',
      },
    });
    expect(status).toBe(201);
    const { id, key } = keys.shown(body);
    expect(key).toMatch(new RegExp(`^${API_KEY_PATTERN}$`));
    expect(keyIdOf(key)).toBe(id);
    expect(headers).toMatchObject({ location: `/v1/keys/${id}`, etag: '"1"', 'cache-control': 'no-store' });
    expect(body).toMatchObject({
      name: 'CI',
      owner: admin.id,
      workspace: null,
      scopes: ['graph:query'],
      ipRanges: ['10.0.0.0/8', '192.0.2.7/32'],
      plan: null,
      expiresAt: '2099-01-01T00:00:00+00:00',
      disabled: false,
      replacedBy: null,
      lastUsedAt: null,
    });
    const { body: read } = await keys.call('GET /v1/keys/{id}', { by: admin, id });
    expect({ ...read, key }).toEqual(body);
  });

  test('is known to the authorizer and acts for its organisation', async () => {
    const { id, key } = await keys.made(admin, { scopes: ['keys:read'] });
    const bearer = await keys.bearer(key);
    expect(bearer).toEqual({ kind: 'api_key', id, organisation: admin.organisation });
    expect((await keys.call('GET /v1/keys', { by: bearer })).status).toBe(200);
    expect((await keys.call('DELETE /v1/keys/{id}', { by: bearer, id })).status).toBe(403);
  });

  test('leaves its hash in the table of keys, and itself nowhere', async () => {
    const { id, key } = keys.shown(
      (
        await keys.call('POST /v1/keys', {
          by: admin,
          body: { name: 'x', scopes: ['graph:query'] },
          headers: idempotent('trace'),
        })
      ).body,
    );
    const secret = key.split('_').at(-1) ?? '';
    const kept = await keys.tenants.redis.client.get(`gatehouse:records:${recordId(id)}`);
    expect(kept).toBe(JSON.stringify({ hash: hashKey(key, PEPPER), organisation: admin.organisation }));
    for (const table of ['api_keys', 'idempotency', 'audit_log'])
      expect(await everyRow(table)).not.toContain(secret.slice(0, 32));
    for (const table of ['api_keys', 'idempotency', 'audit_log'])
      expect(await everyRow(table)).not.toContain(hashKey(key, PEPPER));
    expect(output.text()).not.toContain(secret.slice(0, 32));
  });

  test.each([
    ['a scope that is none', { scopes: ['graph:drop'] }],
    ['no scope', { scopes: [] }],
    ['no name', { name: '' }],
    ['a name with a line break', { name: 'a\nb' }],
    ['a name with a NUL', { name: 'a\u0000b' }],
    ['a name of 201 characters', { name: 'x'.repeat(201) }],
    ['an end in the past', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['an end that is no moment', { expiresAt: '2099-02-30T00:00:00Z' }],
    ['an end without a zone', { expiresAt: '2099-01-01T00:00:00' }],
    ['a range that is none', { ipRanges: ['10.0.0.0/33'] }],
    ['51 ranges', { ipRanges: Array.from({ length: 51 }, (_, at) => `10.0.0.${at}`) }],
    ['a plan that is none', { plan: 'gold' }],
    ['a workspace that is no id', { workspace: 'main' }],
    ['a workspace that does not exist', { workspace: randomUUID() }],
    ['an owner', { owner: randomUUID() }],
  ])('with %s is refused as a bad request that names it', async (_, wrong) => {
    const { status, body } = await keys.call('POST /v1/keys', {
      by: admin,
      body: { name: 'x', scopes: ['graph:query'], ...wrong },
    });
    expect(status).toBe(400);
    expect(body.detail).toContain(Object.keys(wrong)[0]);
  });

  test("in another organisation's workspace is refused as in one that does not exist", async () => {
    const { rows } = await keys.tenants.database.master.query(
      "insert into gatehouse.workspaces (organisation_id, name) values ($1, 'theirs') returning id",
      [globex.organisation],
    );
    const body = { name: 'x', scopes: ['graph:query'], workspace: rows[0].id };
    const theirs = await keys.call('POST /v1/keys', { by: admin, body });
    const nobodys = await keys.call('POST /v1/keys', { by: admin, body: { ...body, workspace: randomUUID() } });
    expect([theirs.status, theirs.body.detail]).toEqual([400, nobodys.body.detail]);
    expect((await keys.call('POST /v1/keys', { by: globex, body })).body).toMatchObject({ workspace: rows[0].id });
  });
});

describe('the same creation sent again', () => {
  const body = { name: 'again', scopes: ['graph:query'] };

  test('is answered with the same key, also when many are sent at once, and only one is there', async () => {
    const send = () => keys.call('POST /v1/keys', { by: editor, body, headers: idempotent('k-1') });
    const answers = await Promise.all(Array.from({ length: 5 }, send));
    const first = answers[0]?.body;
    expect(answers.map((answer) => [answer.status, answer.body])).toEqual(answers.map(() => [201, first]));
    const { key, id } = keys.shown(first);
    await expect(keys.bearer(key)).resolves.toMatchObject({ id });
    expect(await keys.noted(`key:${id}`)).toHaveLength(1);
  });

  test('by somebody else, or under another key, makes another', async () => {
    const senders = [
      [editor, 'k-2'],
      [admin, 'k-2'],
      [editor, 'k-3'],
    ] as const;
    const answers = await Promise.all(
      senders.map(([by, key]) => keys.call('POST /v1/keys', { by, body, headers: idempotent(key) })),
    );
    expect(new Set(answers.map((answer) => keys.shown(answer.body).key)).size).toBe(3);
  });

  test('with other content is refused', async () => {
    await keys.call('POST /v1/keys', { by: editor, body, headers: idempotent('k-4') });
    const { status, body: problem } = await keys.call('POST /v1/keys', {
      by: editor,
      body: { ...body, name: 'other' },
      headers: idempotent('k-4'),
    });
    expect([status, problem.code]).toEqual([409, 'conflict']);
  });

  test('after its day makes a new key: one that was deleted never comes back', async () => {
    const send = async () =>
      keys.shown((await keys.call('POST /v1/keys', { by: editor, body, headers: idempotent('k-5') })).body);
    const first = await send();
    await keys.call('DELETE /v1/keys/{id}', { by: editor, id: first.id });
    await keys.tenants.database.master.query(
      "update gatehouse.idempotency set created_at = now() - interval '25 hours'",
    );
    const second = await send();
    expect(second.id).not.toBe(first.id);
    expect(second.key.slice(-72)).not.toBe(first.key.slice(-72));
    await expect(keys.bearer(first.key)).rejects.toThrow('unknown key');
  });
});

describe('the list', () => {
  test('shows every key of the organisation once over its pages, and none of another', async () => {
    const theirs = await keys.made(globex);
    for (let n = 0; n < 3; n++) await keys.made(admin);
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await keys.call('GET /v1/keys', { by: admin, query: { limit: '2', ...(cursor && { cursor }) } });
      const { items, next } = Page.parse(body);
      ids.push(...items.map(({ id }) => id));
      cursor = next;
    } while (cursor !== undefined);
    const { rows } = await keys.tenants.database.master.query(
      'select id from gatehouse.api_keys where organisation_id = $1',
      [admin.organisation],
    );
    expect(ids).toHaveLength(rows.length);
    expect(new Set(ids)).toEqual(new Set(rows.map(({ id }) => id)));
    expect(ids).not.toContain(theirs.id);
  });

  test('does not show a key on which the caller is denied', async () => {
    const hidden = await keys.made(admin);
    await keys.tenants.changes.change(
      { principal: admin, origin: { requestId: 'r', sourceIp: '192.0.2.1', userAgent: '' } },
      { voids: [`user:${editor.id}`] },
      (tx) =>
        tx.query(
          "insert into gatehouse.grants (organisation_id, subject, resource, role, effect) values ($1, $2, $3, 'editor', 'deny')",
          [admin.organisation, `user:${editor.id}`, `key:${hidden.id}`],
        ),
    );
    const list = async (by: Identity) =>
      JSON.stringify((await keys.call('GET /v1/keys', { by, query: { limit: '200' } })).body);
    expect(await list(editor)).not.toContain(hidden.id);
    expect(await list(admin)).toContain(hidden.id);
    expect((await keys.call('GET /v1/keys/{id}', { by: editor, id: hidden.id })).status).toBe(403);
  });

  test('refuses a cursor that is none of its own', async () => {
    expect((await keys.call('GET /v1/keys', { by: admin, query: { cursor: 'bm9uZQ' } })).status).toBe(400);
  });
});

describe('a change', () => {
  test('counts at once: a key that is disabled, deleted, or has lost a scope is refused on its next request', async () => {
    const { id, key } = await keys.made(admin, { scopes: ['keys:read', 'clients:read'] });
    const bearer = await keys.bearer(key);
    const list = async (route: string) => (await keys.call(route, { by: bearer })).status;
    expect(await list('GET /v1/clients')).toBe(200);
    await keys.call('PATCH /v1/keys/{id}', { by: admin, id, body: { scopes: ['keys:read'] } });
    expect([await list('GET /v1/clients'), await list('GET /v1/keys')]).toEqual([403, 200]);
    await keys.call('PATCH /v1/keys/{id}', { by: admin, id, body: { disabled: true } });
    expect(await list('GET /v1/keys')).toBe(401);
    await keys.call('PATCH /v1/keys/{id}', { by: admin, id, body: { disabled: false } });
    expect(await list('GET /v1/keys')).toBe(200);
    expect((await keys.call('DELETE /v1/keys/{id}', { by: admin, id })).status).toBe(204);
    expect(await list('GET /v1/keys')).toBe(401);
    await expect(keys.bearer(key)).rejects.toThrow('unknown key');
  });

  test('counts at once: an end that was brought forward, and ranges that the caller is not in', async () => {
    const { id, key } = await keys.made(admin, { scopes: ['keys:read'] });
    const bearer = await keys.bearer(key);
    await keys.call('PATCH /v1/keys/{id}', { by: admin, id, body: { ipRanges: ['198.51.100.0/24'] } });
    expect((await keys.call('GET /v1/keys', { by: bearer })).body).toMatchObject({
      status: 403,
      detail: expect.stringContaining('address'),
    });
    await keys.call('PATCH /v1/keys/{id}', { by: admin, id, body: { ipRanges: ['192.0.2.0/24'] } });
    expect((await keys.call('GET /v1/keys', { by: bearer })).status).toBe(200);
    await keys.tenants.database.master.query('update gatehouse.api_keys set expires_at = now() where id = $1', [id]);
    await keys.call('PATCH /v1/keys/{id}', { by: admin, id, body: { name: 'over' } });
    expect((await keys.call('GET /v1/keys', { by: bearer })).status).toBe(401);
  });

  test('of a part leaves the rest as it was, and the ETag names the new version', async () => {
    const before = await keys.made(admin, { ipRanges: ['192.0.2.0/24'], expiresAt: '2099-01-01T00:00:00.123456Z' });
    const { status, headers, body } = await keys.call('PATCH /v1/keys/{id}', {
      by: admin,
      id: before.id,
      body: { name: 'new' },
    });
    const { key: _, updatedAt: __, ...rest } = before;
    expect([status, headers.etag]).toEqual([200, '"2"']);
    expect(body).toMatchObject({ ...rest, name: 'new' });
    const cleared = await keys.call('PATCH /v1/keys/{id}', {
      by: admin,
      id: before.id,
      body: { ipRanges: [], expiresAt: null },
    });
    expect(cleared.body).toMatchObject({ name: 'new', ipRanges: [], expiresAt: null });
  });

  test('of another version than the caller means is refused', async () => {
    const { id } = await keys.made(admin);
    const change = (version: string) =>
      keys.call('PATCH /v1/keys/{id}', { by: admin, id, body: { name: 'new' }, headers: { 'If-Match': version } });
    expect((await change('"1"')).status).toBe(200);
    expect((await change('"1"')).status).toBe(412);
    const gone = await keys.call('DELETE /v1/keys/{id}', { by: admin, id, headers: { 'If-Match': '"1"' } });
    expect(gone.status).toBe(412);
    expect((await change('"2"')).status).toBe(200);
  });

  test.each([
    ['that names nothing', {}],
    ['of the owner', { owner: randomUUID() }],
    ['to an end in the past', { expiresAt: '2020-01-01T00:00:00Z' }],
  ])('%s is refused', async (_, body) => {
    const { id } = await keys.made(admin);
    expect((await keys.call('PATCH /v1/keys/{id}', { by: admin, id, body })).status).toBe(400);
  });

  test('of a key of another organisation is refused as of one that does not exist, and changes nothing', async () => {
    const { id } = await keys.made(globex);
    const nobodys = 'f'.repeat(16);
    const requests = [
      ['GET /v1/keys/{id}', undefined],
      ['PATCH /v1/keys/{id}', { name: 'mine' }],
      ['DELETE /v1/keys/{id}', undefined],
      ['POST /v1/keys/{id}/rotate', {}],
      ['GET /v1/keys/{id}/usage', undefined],
    ] as const;
    for (const [route, body] of requests) {
      const [theirs, none] = await Promise.all(
        [id, nobodys].map((each) => keys.call(route, { by: admin, id: each, body })),
      );
      expect([theirs?.status, theirs?.body.code, theirs?.body.detail]).toEqual([404, 'not_found', none?.body.detail]);
    }
    expect((await keys.call('GET /v1/keys/{id}', { by: globex, id })).headers.etag).toBe('"1"');
  });

  test('and its audit row commit together: who, what it was and what it became, no secret', async () => {
    const { id } = await keys.made(admin, { name: 'first' });
    await keys.call('PATCH /v1/keys/{id}', { by: editor, id, body: { name: 'second' } });
    await keys.call('DELETE /v1/keys/{id}', { by: admin, id });
    const rows = await keys.noted(`key:${id}`);
    expect(rows.map(({ actor, action }) => [actor, action])).toEqual([
      [`user:${admin.id}`, 'key.created'],
      [`user:${editor.id}`, 'key.changed'],
      [`user:${admin.id}`, 'key.deleted'],
    ]);
    const [created, changed, deleted] = rows.map(({ record }) => JSON.parse(record));
    expect(created).toMatchObject({ after: { id, name: 'first', scopes: ['graph:query'] } });
    expect(changed).toMatchObject({ before: { name: 'first' }, after: { name: 'second' } });
    expect(deleted.before).toEqual(changed.after);
  });
});

describe('use', () => {
  test('is counted by day, kept for 35 days, and the last use is told', async () => {
    const { id, key } = await keys.made(admin, { scopes: ['keys:read'] });
    const bearer = await keys.bearer(key);
    const usage = async (query?: Record<string, string>) =>
      (await keys.call('GET /v1/keys/{id}/usage', { by: admin, id, ...(query && { query }) })).body;
    const none = await usage();
    expect(none).toMatchObject({ lastUsedAt: null });
    const today = new Date().toISOString().slice(0, 10);
    const name = `gatehouse:{${admin.organisation}}:usage:api_key:${id}`;
    await keys.tenants.redis.client.hset(name, '2020-01-01', 7);
    for (let n = 0; n < 3; n++) await keys.call('GET /v1/keys', { by: bearer });
    const { days, lastUsedAt } = Usage.parse(await usage());
    expect(days).toHaveLength(35);
    expect(days.at(-1)).toEqual({ date: today, requests: 3 });
    expect(days.slice(0, -1).every(({ requests }) => requests === 0)).toBe(true);
    expect(Date.now() - Date.parse(lastUsedAt)).toBeLessThan(60_000);
    expect(await usage({ days: '1' })).toMatchObject({ days: [{ date: today, requests: 3 }] });
    expect(await keys.tenants.redis.client.hgetall(name)).toEqual({ [today]: '3' });
  });

  test.each(['0', '36', 'x', '-1', ''])('of %s days is not to be had', async (days) => {
    const { id } = await keys.made(admin);
    expect((await keys.call('GET /v1/keys/{id}/usage', { by: admin, id, query: { days } })).status).toBe(400);
  });

  test('is put in the audit, of a key that may act and of one that may not', async () => {
    const { id, key } = await keys.made(admin, { scopes: ['keys:read'] });
    const bearer = await keys.bearer(key);
    await keys.call('GET /v1/keys', { by: bearer });
    await keys.call('PATCH /v1/keys/{id}', { by: admin, id, body: { disabled: true } });
    await keys.call('GET /v1/keys', { by: bearer });
    expect((await keys.noted(`key:${id}`)).map(({ actor, action }) => [actor, action])).toContainEqual([
      `api_key:${id}`,
      'key.used',
    ]);
    const refused = await keys.noted(`api_key:${id}`);
    expect(refused.map(({ record }) => JSON.parse(record))).toMatchObject([
      { actor: `api_key:${id}`, action: 'access.refused', outcome: 'refused', reason: 'disabled key' },
    ]);
  });
});
