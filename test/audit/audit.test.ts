import { createHash, randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { exportPage } from '../../lambdas/audit/export';
import { conditionsOf } from '../../lambdas/audit/filters';
import type { Identity } from '../../lambdas/shared/access/principal';
import { appendAudit } from '../../lambdas/shared/stores/audit';
import { inTenant } from '../../lambdas/shared/stores/tenancy';
import { startKeys, type TestKeys } from '../support/machine-keys';
import { captureOutput } from '../support/output';

captureOutput();
const ORIGIN = { requestId: 'request-1', sourceIp: '192.0.2.9', userAgent: 'agent' };
let keys: TestKeys;
let admin: Identity;
let globex: Identity;
beforeAll(async () => {
  keys = await startKeys();
  [admin, globex] = await Promise.all([
    keys.tenants.signedIn('admin'),
    keys.tenants.signedIn('admin', 'globex.example'),
  ]);
  for (let n = 0; n < 30; n++) {
    const event = {
      actor: `user:${n % 3}`,
      action: ['key.created', 'key.deleted', 'keys.counted', 'member.added'][n % 4] ?? '',
      target: `key:${n % 5}`,
      outcome: n % 6 === 0 ? 'refused' : 'done',
      ...(n % 6 === 0 && { reason: 'because' }),
      after: { n, text: 'ümlaut "quoted" \\ and\nlines' },
    } as const;
    await inTenant(keys.tenants.app, admin, (sql) => appendAudit(sql, admin.organisation, ORIGIN, event));
  }
  await inTenant(keys.tenants.app, globex, (sql) =>
    appendAudit(sql, globex.organisation, ORIGIN, { actor: 'user:0', action: 'key.created', target: 'key:theirs' }),
  );
}, 30_000);
afterAll(() => keys.stop());

const Page = z.object({
  items: z.array(
    z.looseObject({
      seq: z.int(),
      at: z.string(),
      actor: z.string(),
      action: z.string(),
      target: z.string(),
      outcome: z.string(),
    }),
  ),
  next: z.optional(z.string()),
});
const Cursor = z.optional(z.string());
type Query = Record<string, string>;
const list = async (query: Query = {}, by = admin) =>
  Page.parse((await keys.call('GET /v1/audit', { by, query })).body);
const all = async (query: Query = {}) => (await list({ limit: '200', ...query })).items.filter(({ seq }) => seq <= 30);
const seqs = (items: readonly { seq: number }[]) => items.map(({ seq }) => seq);

describe('the list', () => {
  test('shows who, what, on what, with what outcome, and from where', async () => {
    const [first] = await all({ order: 'asc' });
    expect(first).toEqual({
      seq: 1,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$/),
      actor: 'user:0',
      action: 'key.created',
      target: 'key:0',
      outcome: 'refused',
      reason: 'because',
      after: { n: 0, text: 'ümlaut "quoted" \\ and\nlines' },
      from: ORIGIN,
    });
  });

  test.each(['asc', 'desc'])('shows every row once over its pages, in order (%s)', async (order) => {
    const found: number[] = [];
    let cursor: string | undefined;
    do {
      const { items, next } = await list({ limit: '7', order, ...(cursor && { cursor }) });
      found.push(...seqs(items));
      cursor = next;
    } while (cursor !== undefined);
    const ascending = found.toSorted((a, b) => a - b);
    expect(found).toEqual(order === 'asc' ? ascending : ascending.toReversed());
    expect(ascending).toEqual(Array.from({ length: ascending.length }, (_, at) => at + 1));
    expect(ascending.length).toBeGreaterThanOrEqual(30);
  });

  test('is newest first unless asked otherwise, and holds nothing of another organisation', async () => {
    const { items } = await list();
    expect(seqs(items)).toEqual(seqs(items).toSorted((a, b) => b - a));
    expect(items.length).toBeGreaterThanOrEqual(30);
    expect(JSON.stringify(items)).not.toContain('theirs');
    expect((await list({}, globex)).items.map(({ target }) => target)).toContain('key:theirs');
  });

  const rows = Array.from({ length: 30 }, (_, n) => n);
  test.each<[string, Query, (n: number) => boolean]>([
    ['an actor', { actor: 'user:1' }, (n) => n % 3 === 1],
    ['a target', { target: 'key:2' }, (n) => n % 5 === 2],
    ['an action', { action: 'key.created' }, (n) => n % 4 === 0],
    ['all actions of a kind, and none of a longer word', { action: 'key.' }, (n) => n % 4 < 2],
    ['what was refused', { outcome: 'refused' }, (n) => n % 6 === 0],
    ['what was done', { outcome: 'done' }, (n) => n % 6 !== 0],
    [
      'several at once',
      { actor: 'user:0', action: 'key.', outcome: 'done' },
      (n) => n % 3 === 0 && n % 4 < 2 && n % 6 !== 0,
    ],
    ['an actor that is nobody', { actor: "' or true --" }, () => false],
    ['an action that is none', { action: 'key' }, () => false],
  ])('is narrowed down to %s', async (_, query, wanted) => {
    expect(seqs(await all({ order: 'asc', ...query }))).toEqual(rows.filter(wanted).map((n) => n + 1));
  });

  test('is narrowed down to a time: from a moment on, and before another', async () => {
    const items = await all({ order: 'asc' });
    const [from = '', to = ''] = [items[10]?.at, items[20]?.at];
    expect(seqs(await all({ order: 'asc', from, to }))).toEqual(seqs(items.slice(10, 20)));
    expect(await all({ from: '2099-01-01T00:00:00Z' })).toEqual([]);
  });

  test.each([
    [{ action: 'key.%' }, 'action'],
    [{ action: '.' }, 'action'],
    [{ outcome: 'maybe' }, 'outcome'],
    [{ actor: 'a\u0000' }, 'actor'],
    [{ from: 'yesterday' }, 'from'],
    [{ order: 'up' }, 'order'],
    [{ limit: '201' }, 'limit'],
    [{ cursor: 'bm9uZQ' }, 'cursor'],
    [{ cursor: Buffer.from('[1e300]').toString('base64url') }, 'cursor'],
    [{ seq: '1' }, 'seq'],
  ])('refuses %j and names %s', async (query, name) => {
    const { status, body } = await keys.call('GET /v1/audit', { by: admin, query });
    expect([status, String(body.detail).includes(name)]).toEqual([400, true]);
  });

  test('is for those who may read the audit', async () => {
    for (const role of ['editor', 'viewer', 'api_user'] as const)
      for (const path of ['', '/verify', '/export'])
        expect((await keys.call(`GET /v1/audit${path}`, { by: await keys.tenants.signedIn(role) })).status).toBe(403);
  });

  test('shows a record that was altered beyond reading, for the check to name', async () => {
    const organisation = globex.organisation;
    await keys.tenants.database.master.query(
      `update gatehouse.audit_log set record = '[]' where organisation_id = $1 and seq = 1`,
      [organisation],
    );
    expect((await list({ order: 'asc' }, globex)).items[0]).toMatchObject({ seq: 1, actor: '', action: '' });
    const { body } = await keys.call('GET /v1/audit/verify', { by: globex });
    expect(body).toMatchObject({ intact: false, broken: { seq: 1, why: 'altered' } });
  });
});

describe('with 20,000 rows, behind row-level security', () => {
  type Filters = Parameters<typeof conditionsOf>[1];
  const organisation = randomUUID();
  beforeAll(async () => {
    await keys.tenants.database.master.query(
      `insert into gatehouse.audit_log (organisation_id, seq, at, record, previous, hash)
       select $1, n, now(), json_build_object('action', case n % 1000 when 0 then 'rare.done' else 'usual.done' end,
         'actor', 'user:' || n % 500, 'target', 'key:' || n % 500, 'outcome', case n % 500 when 0 then 'refused' else 'done' end), '', ''
       from generate_series(1, 20000) n`,
      [organisation],
    );
    await keys.tenants.database.master.query('analyze gatehouse.audit_log');
  });

  /** How PostgreSQL reads a page of what passes these filters: a line a step. */
  const planOf = async (filters: Filters) => {
    const { sql: conditions, values } = conditionsOf(organisation, filters, { after: undefined, order: 'desc' });
    const statement = `explain (costs off) select record from gatehouse.audit_log where ${conditions} order by seq desc limit 51`;
    const { rows } = await inTenant(keys.tenants.app, { organisation }, (sql) => sql.query(statement, values));
    return rows.map((row) => Object.values(z.record(z.string(), z.string()).parse(row)).join('')).join('\n');
  };

  test.each<[string, Filters, RegExp]>([
    ['nothing', {}, /Index Cond: \(organisation_id = /],
    ['an action', { action: 'rare.done' }, /Index Cond: .*action = 'rare\.done'/],
    ['the beginning of an action', { action: 'rare.' }, /Index Cond: .*action >= 'rare\.'.*action < 'rare\/'/],
    ['an actor', { actor: 'user:1' }, /Index Cond: .*actor = 'user:1'/],
    ['a target', { target: 'key:1' }, /Index Cond: .*target = 'key:1'/],
    ['refusals', { outcome: 'refused' }, /using audit_log_\d{4}_\d\d_organisation_id_seq_idx/],
  ])('an index answers for %s', async (_, filters, expected) => {
    expect(await planOf(filters)).toMatch(expected);
  });

  const months = async (filters: Filters) => new Set((await planOf(filters)).match(/ on audit_log_\w+/g)).size;

  test('a filter by time reads the months in it and no others', async () => {
    const [from, to] = [new Date(Date.now() - 1000).toISOString(), new Date().toISOString()];
    expect(await months({ from, to })).toBeLessThanOrEqual(2);
    expect(await months({})).toBeGreaterThan(20);
  });
});

describe('the check', () => {
  test('tells the head to note, and whether one noted before holds', async () => {
    const { body } = await keys.call('GET /v1/audit/verify', { by: admin });
    expect(body).toMatchObject({
      intact: true,
      links: expect.any(Number),
      head: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const noted = { head: String(body.head), seq: String(body.links) };
    await keys.made(admin);
    const again = async (query: Query) => (await keys.call('GET /v1/audit/verify', { by: admin, query })).body;
    expect(await again(noted)).toMatchObject({ intact: true, noted: { seq: body.links, holds: true } });
    expect(await again({ ...noted, seq: '1' })).toMatchObject({ noted: { seq: 1, holds: false } });
    expect(await again({ ...noted, head: 'f'.repeat(64) })).toMatchObject({ noted: { holds: false } });
    expect(await again({ behind: String(body.links) })).toMatchObject({
      intact: true,
      checked: Number(body.links) + 1,
    });
  });

  test.each([
    { head: 'f'.repeat(64) },
    { seq: '1' },
    { head: 'f'.repeat(63), seq: '1' },
    { head: 'F'.repeat(64), seq: '1' },
    { behind: '-1' },
    { behind: '9'.repeat(20) },
  ])('refuses %j', async (query) => {
    expect((await keys.call('GET /v1/audit/verify', { by: admin, query })).status).toBe(400);
  });
});

describe('the export', () => {
  const Line = z.strictObject({
    seq: z.int(),
    at: z.int(),
    previous: z.string(),
    hash: z.string(),
    record: z.string(),
  });
  const get = async (query: Query = {}) => {
    const { status, headers, text } = await keys.call('GET /v1/audit/export', { by: admin, query });
    const lines = text
      .split('\n')
      .filter(Boolean)
      .map((line) => Line.parse(JSON.parse(line)));
    return { status, headers, lines, next: Cursor.parse(headers['x-next-cursor']) };
  };

  test('holds all that a check of the chain needs, without asking us', async () => {
    const { headers, lines } = await get();
    expect(headers).toMatchObject({ 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    expect(String(headers['access-control-expose-headers'])).toContain('x-next-cursor');
    let before = { seq: 0, hash: '' };
    for (const { seq, at, previous, hash, record } of lines) {
      const computed = createHash('sha256').update(`${previous}.${seq}.${at}.${record}`).digest('hex');
      expect([seq, previous, hash]).toEqual([before.seq + 1, before.hash, computed]);
      before = { seq, hash };
    }
    const { body } = await keys.call('GET /v1/audit/verify', { by: admin });
    expect([before.seq, before.hash]).toEqual([body.links, body.head]);
    const [first] = await all({ order: 'asc' });
    const [, fraction = ''] = /\.(\d+)/.exec(first?.at ?? '') ?? [];
    expect(String(lines[0]?.at)).toBe(`${Math.floor(Date.parse(first?.at ?? '') / 1000)}${fraction.padEnd(6, '0')}`);
  });

  test('goes on from page to page by its cursor until it has none', async () => {
    const whole = await get();
    const found: unknown[] = [];
    let cursor: string | undefined;
    do {
      const { lines, next } = await get({ limit: '8', ...(cursor && { cursor }) });
      found.push(...lines);
      cursor = next;
    } while (cursor !== undefined);
    expect(found).toEqual(whole.lines);
  });

  test('takes the same filters as the list', async () => {
    const { lines } = await get({ action: 'key.', outcome: 'refused', actor: 'user:0' });
    expect(lines.map(({ seq }) => seq)).toEqual(
      seqs(await all({ order: 'asc', action: 'key.', outcome: 'refused', actor: 'user:0' })),
    );
    expect(lines.length).toBeGreaterThan(0);
  });

  test('of nothing is an empty page', async () => {
    expect(await get({ from: '2099-01-01T00:00:00Z' })).toMatchObject({ status: 200, lines: [], next: undefined });
  });

  test('never answers more bytes than a Lambda may, however large the rows, and loses none', async () => {
    const principal = { ...admin, organisation: globex.organisation };
    const big = { actor: 'user:1', action: 'big.made', target: 'big:1', after: { text: '"\\'.repeat(20_000) } };
    for (let n = 0; n < 12; n++)
      await inTenant(keys.tenants.app, principal, (sql) => appendAudit(sql, principal.organisation, ORIGIN, big));
    const most = 700_000;
    const page = (cursor?: string) =>
      inTenant(keys.tenants.app, principal, (sql) =>
        exportPage(sql, principal.organisation, { action: 'big.', cursor }, most),
      );
    const lines: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const { body, headers } = await page(cursor);
      expect(JSON.stringify(body).length).toBeLessThanOrEqual(most + 2);
      lines.push(...body.split('\n').filter(Boolean));
      cursor = headers['x-next-cursor'];
      pages += 1;
    } while (cursor !== undefined);
    expect(pages).toBeGreaterThan(2);
    const found = lines.map((line) => Line.parse(JSON.parse(line)).seq);
    expect(found).toHaveLength(12);
    expect(new Set(found).size).toBe(12);
  });

  test.each([{ limit: '0' }, { limit: '10001' }, { order: 'asc' }, { cursor: 'x' }])('refuses %j', async (query) => {
    expect((await keys.call('GET /v1/audit/export', { by: admin, query })).status).toBe(400);
  });
});

/** What the audit holds of a caller's refusals at an operation. */
const refusals = async (operation: string, by: Identity) =>
  (await list({ action: 'access.refused', actor: `user:${by.id}`, target: `operation:${operation}` })).items;

describe('refusals', () => {
  test('are put in the audit once a minute for each caller and operation, with the reason', async () => {
    const [viewer, editor] = await Promise.all([keys.tenants.signedIn('viewer'), keys.tenants.signedIn('editor')]);
    for (let n = 0; n < 3; n++) {
      await keys.call('GET /v1/audit', { by: viewer });
      await keys.call('GET /v1/keys', { by: viewer });
      await keys.call('GET /v1/audit', { by: editor });
    }
    expect(await refusals('listAudit', viewer)).toMatchObject([
      { outcome: 'refused', reason: 'needs the permission audit:read' },
    ]);
    expect(await refusals('listKeys', viewer)).toMatchObject([{ reason: 'needs the permission keys:read' }]);
    expect(await refusals('listAudit', editor)).toHaveLength(1);
  });

  test('of a user who was removed are put in the audit', async () => {
    const viewer = await keys.tenants.signedIn('viewer');
    await keys.tenants.changes.change({ principal: admin, origin: ORIGIN }, { voids: 'organisation' }, (tx) =>
      tx.query('update gatehouse.members set removed_at = now() where organisation_id = $1 and user_id = $2', [
        admin.organisation,
        viewer.id,
      ]),
    );
    expect((await keys.call('GET /v1/keys', { by: viewer })).status).toBe(401);
    const { items } = await list({ action: 'access.refused', actor: `user:${viewer.id}`, target: `user:${viewer.id}` });
    expect(items).toMatchObject([{ outcome: 'refused', reason: 'removed member' }]);
  });
});
