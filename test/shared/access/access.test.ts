import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import * as z from 'zod/mini';
import { access as accessOf } from '../../../lambdas/shared/access/access';
import { type AccessCache, accessCache, usageKey } from '../../../lambdas/shared/access/cache';
import { holds } from '../../../lambdas/shared/access/permissions';
import type { Identity } from '../../../lambdas/shared/access/principal';
import { Refusal } from '../../../lambdas/shared/errors';
import { captureOutput } from '../../support/output';
import { downRedis } from '../../support/redis';
import { startTenants, type TestTenants, userOf } from '../../support/tenants';

captureOutput();
const origin = { requestId: 'request-1', sourceIp: '192.0.2.1', userAgent: 'test' };

let tenants: TestTenants;
beforeAll(async () => {
  tenants = await startTenants();
}, 30_000);
afterAll(() => tenants.stop());

const admit = async (identity: Identity) => (await tenants.serve.access.admit(identity, origin, 1)).principal;
/** `ok`, or the code of the refusal. */
const outcome = (identity: Identity, access = tenants.serve.access, from = origin) =>
  access.admit(identity, from, 1).then(
    () => 'ok',
    (error: unknown) => (error instanceof Refusal ? error.code : error),
  );
const master = (sql: string, ...values: unknown[]) => tenants.database.master.query(sql, values);
/** Of an environment of its own. */
const given = () => ({ cache: tenants.cache, settings: tenants.settings, pool: tenants.app, nowMs: Date.now });
const author = ({ kind, id, organisation }: Identity) => ({ principal: { kind, id, organisation }, origin });

/** One change through the one way of changing, as the operations do it. */
const changed = (by: Identity, voids: 'organisation' | readonly string[], sql: string, ...values: unknown[]) =>
  tenants.changes.change(author(by), { voids }, async (tx) => {
    await tx.query(sql, values);
    tx.audit({ action: 'test.changed', target: 'test:1' });
  });

const KEY = `insert into gatehouse.api_keys (id, organisation_id, name, owner_id, scopes, ip_ranges, expires_at)
  values ($1, $2, 'k', $3, $4, $5, $6)`;
async function newKey({ scopes = ['graph:query', 'audit:read'], ranges = [], expires = null }: KeyOptions = {}) {
  const owner = userOf('editor');
  const id = randomUUID().replaceAll('-', '').slice(0, 16);
  await master(KEY, id, owner.organisation, owner.id, scopes, ranges, expires);
  return { kind: 'api_key', id, organisation: owner.organisation } as const;
}
interface KeyOptions {
  readonly scopes?: readonly string[];
  readonly ranges?: readonly string[];
  readonly expires?: Date | null;
}

const AUDIT = "select action, actor, record::jsonb ->> 'reason' as reason from gatehouse.audit_log where target = $1";
const Audited = z.array(z.object({ action: z.string(), actor: z.string(), reason: z.nullable(z.string()) }));
const auditOf = async (target: string) => Audited.parse((await master(AUDIT, target)).rows);

describe('who is admitted', () => {
  test('a member with a session has the permissions of its roles and its plan', async () => {
    const principal = await admit(await tenants.signedIn('viewer'));
    expect(principal).toMatchObject({ roles: ['viewer'], plan: 'enterprise' });
    expect(holds(principal.permissions, 'graph:query')).toBe(true);
    expect(holds(principal.permissions, 'members:read')).toBe(false);
  });

  test('roles held in a workspace count there, and nowhere else', async () => {
    const viewer = await tenants.signedIn('viewer');
    const workspace = randomUUID();
    await master(
      'insert into gatehouse.workspaces (id, organisation_id, name) values ($1, $2, $3)',
      workspace,
      viewer.organisation,
      'Somewhere',
    );
    await master(
      "insert into gatehouse.workspace_members (organisation_id, workspace_id, user_id, roles) values ($1, $2, $3, '{editor}')",
      viewer.organisation,
      workspace,
      viewer.id,
    );
    const there = await admit({ ...viewer, workspace });
    expect(holds(there.permissions, 'keys:write')).toBe(true);
    expect(holds((await admit(viewer)).permissions, 'keys:write')).toBe(false);
  });

  test('a key has what is in its scopes and in the rights of its owner, never more than either', async () => {
    const { permissions } = await admit(await newKey({ scopes: ['keys:read', 'audit:read'] }));
    expect(holds(permissions, 'keys:read')).toBe(true);
    expect(holds(permissions, 'audit:read')).toBe(false);
    expect(holds(permissions, 'graph:query')).toBe(false);
  });

  test.each([
    ['a user that is no member', { kind: 'user', id: randomUUID(), session: randomUUID() }],
    ['a key that is not there', { kind: 'api_key', id: 'f'.repeat(16) }],
    ['a client that is not there', { kind: 'client', id: randomUUID() }],
  ] as const)('%s is refused', async (_, stranger) => {
    expect(await outcome({ ...stranger, organisation: userOf('admin').organisation })).toBe('unauthenticated');
  });

  test('a session of another user, or of another organisation, is refused', async () => {
    const admin = await tenants.signedIn('admin');
    const globex = await tenants.signedIn('admin', 'globex.example');
    expect(await outcome({ ...admin, id: userOf('viewer').id })).toBe('unauthenticated');
    expect(await outcome({ ...admin, session: globex.session })).toBe('unauthenticated');
    expect(await outcome({ ...globex, organisation: admin.organisation })).toBe('unauthenticated');
    expect(await outcome(admin)).toBe('ok');
  });

  test("a token that has expired is refused although the gateway's kept answer is younger", async () => {
    const viewer = await tenants.signedIn('viewer');
    const now = Math.floor(Date.now() / 1000);
    expect(await outcome({ ...viewer, expiresAtSeconds: now + 60 })).toBe('ok');
    expect(await outcome({ ...viewer, expiresAtSeconds: now })).toBe('unauthenticated');
  });

  test.each([
    ['203.0.113.9', ['203.0.113.0/24'], 'ok'],
    ['203.0.114.9', ['203.0.113.0/24'], 'forbidden'],
    ['2001:db8::1', ['203.0.113.0/24', '2001:db8::/32'], 'ok'],
    ['2001:db9::1', ['2001:db8::/32'], 'forbidden'],
  ])('from %s a key of the ranges %j: %s', async (sourceIp, ranges, expected) => {
    expect(await outcome(await newKey({ ranges }), undefined, { ...origin, sourceIp })).toBe(expected);
  });
});

describe('what is lost is refused on the next request, although it was just used', () => {
  const cases: readonly [string, (identity: Identity) => Promise<unknown>][] = [
    [
      'a session that ends',
      (me) =>
        changed(me, [`user:${me.id}`], 'update gatehouse.sessions set ended_at = now() where id = $1', me.session),
    ],
    [
      'a single token',
      (me) =>
        changed(
          me,
          [`user:${me.id}`],
          "insert into gatehouse.revoked_tokens (token_id, organisation_id, subject, expires_at) values ($1, $2, $3, now() + interval '15 min')",
          me.token,
          me.organisation,
          `user:${me.id}`,
        ),
    ],
    [
      'a membership',
      (me) => changed(me, 'organisation', 'update gatehouse.members set removed_at = now() where user_id = $1', me.id),
    ],
  ];
  afterEach(() => master('update gatehouse.members set removed_at = null'));

  test.each(cases)('%s', async (_, lose) => {
    const viewer = await tenants.signedIn('viewer');
    expect([await outcome(viewer), await outcome(viewer)]).toEqual(['ok', 'ok']);
    await lose(viewer);
    expect(await outcome(viewer)).toBe('unauthenticated');
  });

  test('a role', async () => {
    const admin = await tenants.signedIn('admin', 'globex.example');
    expect(holds((await admit(admin)).permissions, 'audit:read')).toBe(true);
    await changed(
      admin,
      [`user:${admin.id}`],
      "update gatehouse.members set roles = '{viewer}' where user_id = $1",
      admin.id,
    );
    expect(holds((await admit(admin)).permissions, 'audit:read')).toBe(false);
    await changed(
      admin,
      [`user:${admin.id}`],
      "update gatehouse.members set roles = '{admin}' where user_id = $1",
      admin.id,
    );
    expect(holds((await admit(admin)).permissions, 'audit:read')).toBe(true);
  });

  test('a key, whose owner, or which itself, is gone or disabled', async () => {
    const admin = await tenants.signedIn('admin');
    const key = await newKey();
    expect(await outcome(key)).toBe('ok');
    await changed(
      admin,
      [`api_key:${key.id}`],
      'update gatehouse.api_keys set disabled_at = now() where id = $1',
      key.id,
    );
    expect(await outcome(key)).toBe('unauthenticated');
    const other = await newKey();
    expect(await outcome(other)).toBe('ok');
    await changed(
      admin,
      'organisation',
      'update gatehouse.members set removed_at = now() where user_id = $1',
      userOf('editor').id,
    );
    expect(await outcome(other)).toBe('unauthenticated');
  });

  test('a session that was opened through a client which is disabled or gone', async () => {
    const admin = await tenants.signedIn('admin');
    const viewer = await tenants.signedIn('viewer');
    const client = randomUUID();
    await master(
      "insert into gatehouse.clients (id, organisation_id, name, kind) values ($1, $2, 'app', 'public')",
      client,
      admin.organisation,
    );
    await master('update gatehouse.sessions set client_id = $1 where id = $2', client, viewer.session);
    expect(await outcome(viewer)).toBe('ok');
    await changed(admin, 'organisation', 'update gatehouse.clients set disabled_at = now() where id = $1', client);
    expect(await outcome(viewer)).toBe('unauthenticated');
    await changed(admin, 'organisation', 'update gatehouse.clients set disabled_at = null where id = $1', client);
    expect(await outcome(viewer)).toBe('ok');
    await changed(admin, 'organisation', 'delete from gatehouse.clients where id = $1', client);
    expect(await outcome(viewer)).toBe('unauthenticated');
  });

  test('a key that expires by itself', async () => {
    const key = await newKey({ expires: new Date(Date.now() + 60_000) });
    const laterMs = Date.now() + 61_000;
    const later = accessOf({ ...given(), nowMs: () => laterMs });
    expect(await outcome(key)).toBe('ok');
    expect(await outcome(key, later)).toBe('unauthenticated');
  });
});

describe('what Redis keeps', () => {
  test('a caller costs PostgreSQL one look, and Redis one round trip each time after it', async () => {
    const viewer = await tenants.signedIn('viewer');
    await admit(viewer);
    const never = accessOf({
      ...given(),
      pool: () => Promise.reject(new Error('asked PostgreSQL')),
    });
    const commands = async () =>
      Number(/total_commands_processed:(\d+)/.exec(await tenants.redis.client.info('stats'))?.[1]);
    const before = await commands();
    expect(await outcome(viewer, never)).toBe('ok');
    const perScript = 8; // EVALSHA itself, and the commands in the script
    expect((await commands()) - before).toBeLessThanOrEqual(perScript + 1);
  });

  test('is read by two requests of one caller at once, and each is answered by what it read', async () => {
    const viewer = await tenants.signedIn('viewer');
    let read = 0;
    const both = new EventEmitter();
    const bothRead = once(both, 'read');
    const ask: AccessCache['ask'] = async (identity, question) => {
      if (question.offered !== '') {
        read += 1;
        if (read === 2) both.emit('read');
        await bothRead;
      }
      return tenants.cache.ask(identity, question);
    };
    const held = accessOf({ ...given(), cache: { ...tenants.cache, ask } });
    expect(await Promise.all([outcome(viewer, held), outcome(viewer, held)])).toEqual(['ok', 'ok']);
  });

  test('may be lost, wholly or the epochs alone, and nothing that was revoked comes back', async () => {
    const viewer = await tenants.signedIn('viewer');
    const { client } = tenants.redis;
    await admit(viewer);
    const kept = await client.keys('*access*');
    const old = await Promise.all(kept.map(async (key) => [key, await client.get(key)] as const));
    await changed(
      viewer,
      [`user:${viewer.id}`],
      'update gatehouse.sessions set ended_at = now() where id = $1',
      viewer.session,
    );
    await client.flushall();
    // As if only the epochs had been evicted: entries of before the change are there again.
    for (const [key, text] of old) if (text !== null) await client.set(key, text);
    expect(await outcome(viewer)).toBe('unauthenticated');
  });

  test('is not needed: without Redis the truth is asked', async () => {
    let nowMs = Date.now();
    const alone = accessOf({ ...given(), cache: accessCache(downRedis()), nowMs: () => nowMs });
    const viewer = await tenants.signedIn('viewer');
    expect(await outcome(viewer, alone)).toBe('ok');
    await master('update gatehouse.sessions set ended_at = now() where id = $1', viewer.session);
    // A caller costs PostgreSQL one look in two seconds.
    nowMs += 2_000;
    expect(await outcome(viewer, alone)).toBe('unauthenticated');
  });

  test('without PostgreSQL and without a copy the answer is never a yes', async () => {
    const lost = accessOf({
      ...given(),
      pool: () => Promise.reject(new Error('no database')),
    });
    expect(await outcome(await tenants.signedIn('viewer'), lost)).toEqual(new Error('no database'));
  });

  test('is void while a change is under way, and after a process died in the middle of one', async () => {
    const viewer = await tenants.signedIn('viewer');
    await admit(viewer);
    await tenants.cache.begin({ organisation: viewer.organisation, subjects: [`user:${viewer.id}`] });
    // The change commits, and its process dies before it can say so.
    await master('update gatehouse.sessions set ended_at = now() where id = $1', viewer.session);
    expect(await outcome(viewer)).toBe('unauthenticated');
    expect(await tenants.redis.client.keys(`*access*${viewer.session}*`)).toHaveLength(1);
    expect(await outcome(viewer)).toBe('unauthenticated');
    await tenants.redis.client.del(`gatehouse:{${viewer.organisation}}:changing`);
  });

  test('never outlives a change, however reads and changes interleave', async () => {
    const editor = await tenants.signedIn('editor');
    for (let round = 0; round < 40; round += 1) {
      const viewer = await tenants.signedIn('viewer');
      const readers = Array.from({ length: 6 }, () => outcome(viewer));
      const ending = changed(
        editor,
        [`user:${viewer.id}`],
        'update gatehouse.sessions set ended_at = now() where id = $1',
        viewer.session,
      );
      const more = Array.from({ length: 6 }, () => outcome(viewer));
      await ending;
      expect(await outcome(viewer)).toBe('unauthenticated');
      await Promise.all([...readers, ...more]);
      expect(await outcome(viewer)).toBe('unauthenticated');
    }
  });

  test('counts how often a key was used, by day', async () => {
    const key = await newKey();
    for (let use = 0; use < 3; use += 1) await admit(key);
    const today = new Date().toISOString().slice(0, 10);
    expect(await tenants.redis.client.hgetall(usageKey(key.organisation, `api_key:${key.id}`))).toEqual({
      [today]: '3',
    });
  });
});

describe('the audit', () => {
  test('has the use of a key, and of one that is refused why', async () => {
    const key = await newKey();
    await admit(key);
    await changed(
      await tenants.signedIn('admin'),
      [`api_key:${key.id}`],
      'update gatehouse.api_keys set disabled_at = now() where id = $1',
      key.id,
    );
    await outcome(key);
    await outcome(key);
    const subject = `api_key:${key.id}`;
    expect(await auditOf(`key:${key.id}`)).toEqual([{ action: 'key.used', actor: subject, reason: null }]);
    expect(await auditOf(subject)).toEqual([{ action: 'access.refused', actor: subject, reason: 'disabled key' }]);
  });

  test('has a refusal once a minute, not a row for each attempt', async () => {
    const viewer = await tenants.signedIn('viewer');
    const note = () =>
      tenants.serve.access.noteRefusal(viewer, origin, 'operation:readSecrets', 'needs the permission x');
    await Promise.all([note(), note(), note()]);
    expect(await auditOf('operation:readSecrets')).toHaveLength(1);
  });

  test('that cannot be written does not turn a refusal into a fault', async () => {
    const lost = accessOf({
      ...given(),
      pool: () => Promise.reject(new Error('no database')),
    });
    await expect(
      lost.noteRefusal(await tenants.signedIn('viewer'), origin, 'operation:x', 'no'),
    ).resolves.toBeUndefined();
  });
});

const external = (roles: readonly string[], issuedAtSeconds: number) => ({
  issuer: 'https://tenant.auth0.example/',
  subject: 'auth0|123',
  roles,
  issuedAtSeconds,
  email: 'Admin@Acme.example',
  name: 'Somebody',
});
/** As if nothing had been kept: what a second environment, or five minutes, would see. */
const anew = async (identity: Identity) => {
  await tenants.redis.client.flushall();
  return admit(identity);
};

describe('a user of an external issuer', () => {
  const id = randomUUID();
  const seen = (roles: readonly string[], issuedAtSeconds: number): Identity => ({
    kind: 'user',
    id,
    organisation: userOf('admin').organisation,
    token: `${issuedAtSeconds}`,
    external: external(roles, issuedAtSeconds),
  });
  test('is made a user and a member on first sight, and has nothing of the account with the same e-mail', async () => {
    const { roles, permissions } = await anew(seen(['viewer'], 100));
    expect({ roles, may: holds(permissions, 'audit:read') }).toEqual({ roles: ['viewer'], may: false });
    const { rows } = await master('select id, email from gatehouse.users where email = $1', 'admin@acme.example');
    expect(rows).toHaveLength(2);
    expect(await auditOf(`member:${id}`)).toMatchObject([{ action: 'member.added', actor: `user:${id}` }]);
  });

  test('seen by many at once is made once', async () => {
    const many = { ...seen(['viewer'], 1), id: randomUUID() };
    const external2 = { ...external(['viewer'], 1), subject: 'auth0|many' };
    const all = await Promise.all(Array.from({ length: 20 }, () => outcome({ ...many, external: external2 })));
    expect(new Set(all)).toEqual(new Set(['ok']));
    expect(await auditOf(`member:${many.id}`)).toHaveLength(1);
  });

  test('has the roles that its issuer said last; an older token brings no older roles back', async () => {
    expect((await anew(seen(['editor'], 200))).roles).toEqual(['editor']);
    expect((await anew(seen(['viewer'], 150))).roles).toEqual(['editor']);
    expect((await anew(seen(['viewer'], 300))).roles).toEqual(['viewer']);
  });

  test('that was removed stays removed, whatever its issuer says', async () => {
    await changed(
      await tenants.signedIn('admin'),
      'organisation',
      'update gatehouse.members set removed_at = now() where user_id = $1',
      id,
    );
    expect(await outcome(seen(['admin'], 400))).toBe('unauthenticated');
    await tenants.redis.client.flushall();
    expect(await outcome(seen(['admin'], 500))).toBe('unauthenticated');
  });

  test('to whom its issuer gives no role of ours is refused', async () => {
    const nobody = { ...seen([], 1), id: randomUUID() };
    expect(await outcome(nobody)).toBe('unauthenticated');
  });
});
