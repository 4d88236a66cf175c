import { randomBytes, randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { namesOf, setOfRole } from '../../lambdas/shared/access/permissions';
import type { Identity } from '../../lambdas/shared/access/principal';
import { digestOf } from '../../lambdas/shared/credentials/digest';
import { captureOutput } from '../support/output';
import { cheapHash } from '../support/passwords';
import { PASSWORD, userOf } from '../support/tenants';
import { bearer, call, Granted, startAuth, type TestAuth } from './support';

const output = captureOutput();
let given: TestAuth;
beforeAll(async () => {
  given = await startAuth();
}, 60_000);
afterAll(() => given.stop());
beforeEach(() => given.tenants.redis.client.flushdb());

const [acme, globex] = [userOf('admin').organisation, userOf('admin', 'globex.example').organisation];
const sql = (text: string, values: unknown[] = []) => given.tenants.database.master.query(text, values);
const ask = (
  method: string,
  resource: string,
  principal: Identity | undefined,
  more: Readonly<Record<string, unknown>> = {},
) => call(given.handler, { method, resource, principal, ...more });
const send = (method: string, resource: string, body: unknown, principal?: Identity) =>
  call(given.handler, {
    method,
    resource,
    principal,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
const signIn = (username: string, password: string) => given.token({ grant_type: 'password', username, password });
const isIn = async (identity: Identity) => (await ask('GET', '/v1/auth/me', identity)).status === 200;
const isOut = { status: 401, body: { code: 'unauthenticated' } };

describe('who am I', () => {
  test('a user: with organisation, workspace, roles, permissions and plan', async () => {
    const { id, name, email } = userOf('editor');
    const { identity } = await given.session('editor');
    const { rows } = await sql(
      "insert into gatehouse.workspaces (organisation_id, name) values ($1, 'Oslo') returning id",
      [acme],
    );
    const workspace = z.object({ id: z.string() }).parse(rows[0]).id;
    const answer = await ask('GET', '/v1/auth/me', { ...identity, workspace });
    expect(answer.body).toEqual({
      kind: 'user',
      id,
      name,
      email,
      organisation: { id: acme, name: 'Acme' },
      workspace: { id: workspace, name: 'Oslo' },
      session: identity.session,
      roles: ['editor'],
      permissions: namesOf(setOfRole('editor')),
      plan: 'enterprise',
    });
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('a key and a client, by their own names', async () => {
    const { id } = await given.client({ name: 'Billing', scopes: ['account:read'], plan: 'pro' });
    const client = await ask('GET', '/v1/auth/me', { kind: 'client', id, organisation: acme });
    expect(client.body).toEqual({
      kind: 'client',
      id,
      name: 'Billing',
      organisation: { id: acme, name: 'Acme' },
      roles: [],
      permissions: ['account:read'],
      plan: 'pro',
    });
    await sql(
      "insert into gatehouse.api_keys (id, organisation_id, name, owner_id, scopes) values ('0123456789abcdef', $1, 'Nightly', $2, '{account:read,graph:query}')",
      [acme, userOf('viewer').id],
    );
    const key = await ask('GET', '/v1/auth/me', { kind: 'api_key', id: '0123456789abcdef', organisation: acme });
    expect(key.body).toMatchObject({
      kind: 'api_key',
      name: 'Nightly',
      roles: ['viewer'],
      permissions: ['graph:query', 'account:read'],
    });
  });
});

const List = z.object({
  items: z.array(z.looseObject({ id: z.string(), current: z.boolean() })),
  next: z.optional(z.string()),
});

describe('sessions', () => {
  test('are listed with device, address, times and which one is this, in pages, the newest first', async () => {
    const start = Date.now() - 60_000;
    const opened = [];
    for (let count = 0; count < 5; count += 1) opened.push(await given.session('viewer', { nowMs: start + count }));
    const [first] = opened;
    const mine = opened.at(-1)?.identity;
    const pages = [];
    let cursor: string | undefined;
    do {
      const query: Record<string, string> = { limit: '2', ...(cursor !== undefined && { cursor }) };
      const { body } = await ask('GET', '/v1/auth/sessions', mine, { query });
      const { items, next } = List.parse(body);
      pages.push(items);
      cursor = next;
    } while (cursor !== undefined);
    expect(pages.map((items) => items.length)).toEqual([2, 2, 1]);
    expect(pages.flat().map(({ id }) => id)).toEqual(opened.map(({ id }) => id).toReversed());
    expect(pages.flat().map(({ current }) => current)).toEqual([true, false, false, false, false]);
    expect(pages.flat().at(-1)).toEqual({
      id: first?.id,
      client: 'gatehouse',
      device: 'jest',
      address: '192.0.2.9',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      lastSeenAt: expect.any(String),
      expiresAt: expect.any(String),
      current: false,
    });
  });

  test('end one by one: the ended one is refused on its next request and gone from the list', async () => {
    const [one, other] = [await given.session('editor'), await given.session('editor')];
    expect([await isIn(one.identity), await isIn(other.identity)]).toEqual([true, true]);
    const end = (id: string, as: Identity) => ask('DELETE', '/v1/auth/sessions/{id}', as, { params: { id } });
    expect((await end(other.id, one.identity)).status).toBe(204);
    expect(await ask('GET', '/v1/auth/me', other.identity)).toMatchObject(isOut);
    expect(await isIn(one.identity)).toBe(true);
    const { items } = List.parse((await ask('GET', '/v1/auth/sessions', one.identity)).body);
    expect(items.map(({ id }) => id)).not.toContain(other.id);
    expect(await given.audit(acme)).toContainEqual(
      expect.objectContaining({ action: 'session.ended', target: `session:${other.id}` }),
    );
    for (const id of [other.id, randomUUID(), (await given.session('admin')).id])
      expect(await end(id, one.identity)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  test("end all at once but this one, and nobody else's", async () => {
    const mine = await given.session('admin');
    const others = [await given.session('admin'), await given.session('admin')];
    const stranger = await given.session('viewer');
    for (const { identity } of others) expect(await isIn(identity)).toBe(true);
    const { status, body } = await ask('DELETE', '/v1/auth/sessions', mine.identity);
    expect(status).toBe(200);
    expect(body.ended).toBeGreaterThanOrEqual(2);
    for (const { identity } of others) expect(await ask('GET', '/v1/auth/me', identity)).toMatchObject(isOut);
    expect([await isIn(mine.identity), await isIn(stranger.identity)]).toEqual([true, true]);
    expect(await ask('DELETE', '/v1/auth/sessions', mine.identity)).toMatchObject({ body: { ended: 0 } });
  });

  test('end with logout; a user of an external issuer has the token refused instead', async () => {
    const { identity } = await given.session('viewer');
    expect((await ask('POST', '/v1/auth/logout', identity)).status).toBe(204);
    expect(await ask('GET', '/v1/auth/me', identity)).toMatchObject(isOut);
    const external = {
      issuer: 'https://issuer.example',
      subject: 'eve',
      roles: ['viewer'],
      issuedAtSeconds: 1,
      name: 'Eve',
    };
    const foreign: Identity = {
      kind: 'user',
      id: randomUUID(),
      organisation: acme,
      token: 'their-jti',
      expiresAtSeconds: 4_000_000_000,
      external,
    };
    expect(await ask('GET', '/v1/auth/me', foreign)).toMatchObject({ status: 200, body: { name: 'Eve' } });
    expect((await ask('POST', '/v1/auth/logout', foreign)).status).toBe(204);
    expect(await ask('GET', '/v1/auth/me', foreign)).toMatchObject(isOut);
    const nameless = { ...foreign, token: undefined };
    expect(await ask('POST', '/v1/auth/logout', nameless)).toMatchObject({ status: 409 });
    expect(await send('PUT', '/v1/auth/password', { currentPassword: 'x', newPassword: GOOD }, nameless)).toMatchObject(
      { status: 409 },
    );
  });

  test('are for people: a key or a client has none', async () => {
    const { id } = await given.client({ scopes: ['account:read', 'account:write'] });
    const client: Identity = { kind: 'client', id, organisation: acme };
    for (const [method, resource] of [
      ['GET', '/v1/auth/sessions'],
      ['DELETE', '/v1/auth/sessions'],
      ['POST', '/v1/auth/logout'],
    ] as const)
      expect(await ask(method, resource, client)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });
});

const GOOD = 'seven unrelated herons at dusk';

describe('changing the password', () => {
  test('ends every other session of the user, in each organisation, and no code of before is good any more', async () => {
    const { id, email } = userOf('admin', 'globex.example');
    await sql(
      "insert into gatehouse.members (organisation_id, user_id, roles) values ($1, $2, '{viewer}') on conflict do nothing",
      [acme, id],
    );
    const mine = bearer(Granted.parse((await signIn(email, PASSWORD)).body).access_token);
    const { body } = await given.token({
      grant_type: 'password',
      username: email,
      password: PASSWORD,
      organisation: acme,
    });
    const elsewhere = Granted.parse(body);
    const other = await given.session('admin', { domain: 'globex.example' });
    for (const identity of [mine, bearer(elsewhere.access_token), other.identity])
      expect(await isIn(identity)).toBe(true);

    const change = await send('PUT', '/v1/auth/password', { currentPassword: PASSWORD, newPassword: GOOD }, mine);
    expect(change.status).toBe(204);
    expect(await isIn(mine)).toBe(true);
    for (const identity of [bearer(elsewhere.access_token), other.identity])
      expect(await ask('GET', '/v1/auth/me', identity)).toMatchObject(isOut);
    expect(await given.token({ grant_type: 'refresh_token', refresh_token: elsewhere.refresh_token })).toMatchObject({
      body: { error: 'invalid_grant' },
    });
    expect([(await signIn(email, PASSWORD)).status, (await signIn(email, GOOD)).status]).toEqual([400, 200]);
    expect(await given.audit(globex)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ actor: `user:${id}`, action: 'password.changed', target: `user:${id}` }),
        expect.objectContaining({ action: 'session.ended', target: `session:${other.id}`, reason: 'password changed' }),
      ]),
    );
    expect(await given.audit(acme)).toContainEqual(
      expect.objectContaining({
        actor: `user:${id}`,
        action: 'session.ended',
        target: `session:${bearer(elsewhere.access_token).session}`,
      }),
    );
    const chains = await sql(
      'select broken from gatehouse.audit_verify($1, 0, 1000) union select broken from gatehouse.audit_verify($2, 0, 1000)',
      [acme, globex],
    );
    expect(chains.rows).toEqual([{ broken: null }]);
    expect(output.text()).not.toMatch(/herons|correct horse|ghr_|eyJ/);
  });

  test('needs the password in force: a wrong one is refused and counts against the lock-out', async () => {
    const { identity } = await given.session('viewer');
    const change = (currentPassword: string) =>
      send('PUT', '/v1/auth/password', { currentPassword, newPassword: GOOD }, identity);
    for (let count = 0; count < 5; count += 1)
      expect(await change('wrong')).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const locked = await change(PASSWORD);
    expect(locked).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(Number(locked.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(await isIn(identity)).toBe(true);
  });

  test('refuses a new one that is weak, says the name of the user, or is the one in force', async () => {
    const { identity } = await given.session('editor');
    const change = (newPassword: string) =>
      send('PUT', '/v1/auth/password', { currentPassword: PASSWORD, newPassword }, identity);
    for (const weak of ['short', 'password1234', 'acme editor 2024', 'editor@acme.example'])
      expect(await change(weak)).toMatchObject({
        status: 400,
        body: { code: 'bad_request', errors: [{ in: 'body', name: 'newPassword' }] },
      });
    expect(await change(PASSWORD)).toMatchObject({ status: 400 });
    expect(await change('x\0y')).toMatchObject({ status: 400 });
  });
});

const invite = async (
  email: string,
  { roles = ['editor'], organisation = acme, expires = "now() + interval '1 day'" } = {},
) => {
  const token = `ghi_${randomBytes(32).toString('base64url')}`;
  const { rows } = await sql(
    `insert into gatehouse.invitations (organisation_id, email, roles, token_digest, invited_by, expires_at)
     values ($1, $2, $3, $4, 'user:x', ${expires}) returning id`,
    [organisation, email, roles, digestOf(token)],
  );
  return { token, id: z.object({ id: z.string() }).parse(rows[0]).id };
};
const accept = (body: unknown) => send('POST', '/v1/auth/invitations/accept', body);
const rolesIn = async (organisation: string, email: string) =>
  (
    await sql(
      'select m.roles, m.removed_at from gatehouse.members m join gatehouse.users u on u.id = m.user_id where m.organisation_id = $1 and u.email = $2',
      [organisation, email],
    )
  ).rows;

describe('accepting an invitation', () => {
  test('makes an account and a membership with the roles of the invitation, once, and tells the audit', async () => {
    const { token, id } = await invite('new@acme.example', { roles: ['editor', 'viewer'] });
    const { status, body } = await accept({ token, name: 'Newt', password: GOOD });
    expect({ status, body }).toEqual({
      status: 200,
      body: { user: expect.any(String), organisation: { id: acme, name: 'Acme' }, roles: ['editor', 'viewer'] },
    });
    expect(await signIn('new@acme.example', GOOD)).toMatchObject({ status: 200 });
    expect(await accept({ token, name: 'Newt', password: GOOD })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
    const actor = `user:${String(body.user)}`;
    expect(await given.audit(acme)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ actor, action: 'invitation.accepted', target: `invitation:${id}` }),
        expect.objectContaining({ actor, action: 'member.added', target: `member:${String(body.user)}` }),
      ]),
    );
  });

  test('is done once, however many accept at the same time', async () => {
    const { token } = await invite('twins@acme.example');
    const answers = await Promise.all([GOOD, GOOD, GOOD].map((password) => accept({ token, name: 'Twin', password })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 404, 404]);
    expect(await rolesIn(acme, 'twins@acme.example')).toHaveLength(1);
  });

  test('lets somebody with an account join by its password; a wrong one is refused and the invitation stays', async () => {
    const { token } = await invite('viewer@acme.example', { organisation: globex });
    expect(await accept({ token, password: 'wrong' })).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    });
    expect(await accept({ token, name: 'Other', password: GOOD })).toMatchObject({ status: 401 });
    expect(await accept({ token, password: PASSWORD })).toMatchObject({
      status: 200,
      body: { user: userOf('viewer').id },
    });
    expect(await rolesIn(globex, 'viewer@acme.example')).toEqual([{ roles: ['editor'], removed_at: null }]);
  });

  test('brings back who was removed, with the roles of the invitation and the keys, at once', async () => {
    const { identity } = await given.session('api_user');
    const key = { kind: 'api_key', id: 'c'.repeat(16), organisation: acme } as const;
    await sql(
      "insert into gatehouse.api_keys (id, organisation_id, name, owner_id, scopes) values ($1, $2, 'k', $3, '{account:read}')",
      [key.id, acme, identity.id],
    );
    await sql('update gatehouse.members set removed_at = now() where user_id = $1', [identity.id]);
    await given.tenants.redis.client.flushdb();
    expect(await ask('GET', '/v1/auth/me', identity)).toMatchObject(isOut);
    expect(await isIn(key)).toBe(false);
    const { token } = await invite('api-user@acme.example', { roles: ['viewer'] });
    expect(await accept({ token, password: PASSWORD })).toMatchObject({ status: 200 });
    expect((await ask('GET', '/v1/auth/me', identity)).body).toMatchObject({ roles: ['viewer'] });
    expect(await isIn(key)).toBe(true);
  });

  test('changes nothing for a member, an expired one, a token nobody knows, or without a name', async () => {
    const member = await invite('admin@acme.example', { roles: ['viewer'] });
    expect(await accept({ token: member.token, password: PASSWORD })).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    });
    expect(await rolesIn(acme, 'admin@acme.example')).toEqual([{ roles: ['admin', 'operator'], removed_at: null }]);
    const expired = await invite('late@acme.example', { expires: 'now()' });
    const unknown = `ghi_${'A'.repeat(43)}`;
    for (const token of [expired.token, unknown])
      expect(await accept({ token, name: 'Late', password: GOOD })).toMatchObject({ status: 404 });
    const { token } = await invite('nameless@acme.example');
    expect(await accept({ token, password: GOOD })).toMatchObject({
      status: 400,
      body: { errors: [{ name: 'name' }] },
    });
    expect(await accept({ token, name: 'Nameless', password: 'nameless1234' })).toMatchObject({
      status: 400,
      body: { errors: [{ name: 'password' }] },
    });
    for (const body of [{}, { token: 'x', password: GOOD }, { token, name: 'a\0', password: GOOD }])
      expect(await accept(body)).toMatchObject({ status: 400 });
  });

  test('never takes an account of an external issuer for the invited one', async () => {
    await sql(
      "insert into gatehouse.users (email, name, external_issuer, external_subject, password_hash) values ('eve@acme.example', 'Eve', 'i', 's', $1)",
      [cheapHash(PASSWORD)],
    );
    const { token } = await invite('eve@acme.example');
    const { status, body } = await accept({ token, name: 'Eve', password: GOOD });
    expect(status).toBe(200);
    const { rows } = await sql('select external_issuer from gatehouse.users where id = $1', [body.user]);
    expect(rows).toEqual([{ external_issuer: null }]);
  });
});
