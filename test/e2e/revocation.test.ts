import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { call, gateway, tokenOf } from '../support/gateway';

/*
 * API Gateway keeps the authorizer's answer for five minutes on routes of `bearer`, such as /graphql. Each of these loses
 * something in the meantime; that the gateway still let it pass shows in the log of the function that refused it.
 */
const QUERY = `/graphql?query=${encodeURIComponent('{ products(first: 1) { name } }')}`;
const ask = (credential: string, requestId: string = randomUUID()) =>
  call(QUERY, {
    headers: { authorization: `Bearer ${credential}`, 'x-request-id': requestId, 'apollo-require-preflight': 'yes' },
  });

const logs = join(gateway.data, 'logs');
const graphLog = () => {
  const file = readdirSync(logs).find((name) => name.includes('GraphApi')) ?? '';
  return readFileSync(join(logs, file), 'utf8').split('\n');
};

/** That it was refused by serve(), to which the gateway had passed it with the principal that it knew. */
async function expectRefusedBehindTheGateway(credential: string): Promise<void> {
  const requestId = randomUUID();
  const answer = await ask(credential, requestId);
  expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
  const line = graphLog().find((each) => each.includes(requestId)) ?? '{}';
  expect(JSON.parse(line)).toMatchObject({ message: 'request', status: 401, principal: expect.any(String) });
}

const admin = async (method: string, path: string, body?: unknown) =>
  call(path, {
    method,
    headers: { authorization: `Bearer ${await tokenOf('admin')}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

const Key = z.looseObject({ id: z.string(), key: z.string() });
const Invitation = z.looseObject({ token: z.string() });
const Members = z.looseObject({ items: z.array(z.looseObject({ id: z.string(), email: z.nullable(z.string()) })) });
const Tokens = z.looseObject({ access_token: z.string(), refresh_token: z.string() });

async function signIn(username: string, password: string) {
  const body = new URLSearchParams({ grant_type: 'password', username, password });
  return Tokens.parse((await call('/v1/auth/token', { method: 'POST', body })).body);
}

/** A new member of Acme with a password of its own. */
async function newMember() {
  const email = `${randomUUID()}@acme.example`;
  const password = `a long passphrase ${randomUUID()}`;
  const { token } = Invitation.parse((await admin('POST', '/v1/invitations', { email, roles: ['viewer'] })).body);
  const accepted = await call('/v1/auth/invitations/accept', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, name: 'New', password }),
  });
  expect(accepted.status).toBeLessThan(300);
  const { items } = Members.parse((await admin('GET', `/v1/members?email=${encodeURIComponent(email)}`)).body);
  return { id: items[0]?.id ?? '', ...(await signIn(email, password)) };
}

const form = (path: string, fields: Record<string, string>) =>
  call(path, { method: 'POST', body: new URLSearchParams(fields) });

describe('refused on its next request, while the gateway still says allow:', () => {
  test('a token whose session was logged out', async () => {
    const token = await tokenOf('viewer');
    expect((await ask(token)).status).toBe(200);
    const ended = await call('/v1/auth/logout', { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    expect(ended.status).toBeLessThan(300);
    await expectRefusedBehindTheGateway(token);
  });

  test('a token that was revoked by itself; another of the same session goes on', async () => {
    const { access_token, refresh_token } = await newMember();
    const refreshed = await form('/v1/auth/token', { grant_type: 'refresh_token', refresh_token });
    const { access_token: second } = Tokens.parse(refreshed.body);
    expect([(await ask(access_token)).status, (await ask(second)).status]).toEqual([200, 200]);
    expect((await form('/v1/auth/revoke', { token: access_token })).status).toBe(200);
    await expectRefusedBehindTheGateway(access_token);
    expect((await ask(second)).status).toBe(200);
  });

  test('a token of a member who was removed', async () => {
    const { id, access_token } = await newMember();
    expect((await ask(access_token)).status).toBe(200);
    expect((await admin('DELETE', `/v1/members/${id}`)).status).toBe(204);
    await expectRefusedBehindTheGateway(access_token);
  });

  test('a key that was disabled; enabled again it goes on', async () => {
    const body = { name: 'short-lived', scopes: ['graph:query'] };
    const { id, key } = Key.parse((await admin('POST', '/v1/keys', body)).body);
    expect((await ask(key)).status).toBe(200);
    expect((await admin('PATCH', `/v1/keys/${id}`, { disabled: true })).status).toBe(200);
    await expectRefusedBehindTheGateway(key);
    expect((await admin('PATCH', `/v1/keys/${id}`, { disabled: false })).status).toBe(200);
    expect((await ask(key)).status).toBe(200);
  });

  test('a token whose refresh token was revoked', async () => {
    const { access_token, refresh_token } = await newMember();
    expect((await ask(access_token)).status).toBe(200);
    expect((await form('/v1/auth/revoke', { token: refresh_token })).status).toBe(200);
    await expectRefusedBehindTheGateway(access_token);
  });
});

test('a role that was taken away is gone on the next request', async () => {
  const { id, access_token } = await newMember();
  const list = () => call('/v1/members', { headers: { authorization: `Bearer ${access_token}` } });
  expect((await list()).status).toBe(403);
  expect((await admin('PATCH', `/v1/members/${id}`, { roles: ['editor'] })).status).toBe(200);
  expect((await list()).status).toBe(200);
  expect((await admin('PATCH', `/v1/members/${id}`, { roles: ['viewer'] })).status).toBe(200);
  expect((await list()).status).toBe(403);
});
