import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as z from 'zod/mini';
import { SUBGRAPHS } from '../../examples/compose';
import { contracts } from '../../lambdas/routes';
import { client } from '../../lambdas/shared/http/client';
import { call, gateway, tokenOf } from '../support/gateway';
import { listen } from '../support/http';

const NAME = 'weather';

test('the deployment has published its examples', async () => {
  const { getGraphArtifact } = client(contracts.registry, { baseUrl: gateway.url, token: await tokenOf('admin') });
  const { subgraphs } = await getGraphArtifact();
  expect(subgraphs.map(({ name }) => name)).toEqual(expect.arrayContaining([...SUBGRAPHS]));
});

test('a pipeline publishes by its key what a running service says, and breaks nothing by what does not compose', async () => {
  const { createKey } = client(contracts.keys, { baseUrl: gateway.url, token: await tokenOf('admin') });
  const { key: apiKey } = await createKey({ body: { name: 'ci', scopes: ['subgraphs:read', 'subgraphs:write'] } });
  const api = client(contracts.registry, { baseUrl: gateway.url, apiKey });
  const sdl = 'type Query { weather: String }';
  const service = await listen((_, response) => response.end(JSON.stringify({ data: { _service: { sdl } } })));
  const params = { name: NAME };
  try {
    const { url } = service;
    expect(await api.checkSubgraph({ params, body: { url } })).toMatchObject({ passed: true });
    expect(await api.publishSubgraph({ params, body: { url } })).toMatchObject({ graph: { changed: true } });
    const before = await api.getGraphArtifact();
    expect(before.schema).toContain('weather: String');
    const refused = api.publishSubgraph({ params, body: { url, sdl: 'type Query { weather: Nothing }' } });
    await expect(refused).rejects.toMatchObject({
      status: 422,
      problem: { compositionErrors: [{ code: 'INVALID_GRAPHQL', positions: [{ subgraph: NAME, line: 1 }] }] },
    });
    expect(await api.getGraphArtifact()).toEqual(before);
  } finally {
    await api.deleteSubgraph({ params }).catch(() => undefined);
    await service.stop();
  }
}, 60_000);

const Answer = z.object({ data: z.looseObject({}) });

test('a client publishes its documents and names them; what it has run is told to who would break it', async () => {
  const token = await tokenOf('admin');
  const api = client(contracts.registry, { baseUrl: gateway.url, token });
  const graphql = async (asked: unknown) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return call('/graphql', { method: 'POST', headers, body: JSON.stringify(asked) });
  };
  const params = { client: 'e2e' };
  const lamp = 'query E2eLamp { product(id: "product-01") { name } }';
  try {
    const published = await api.publishDocuments({ params, body: { 'e2e-lamp': lamp } });
    expect(published).toMatchObject({ operations: 1, inForceWithinSeconds: 2 });
    await within(10_000, async () => {
      const { status, body } = await graphql({ documentId: 'e2e-lamp' });
      return status === 200 && Answer.safeParse(body).data?.data.product !== undefined;
    });
    const { settings } = await api.getGraphSettings();
    expect(await api.putGraphSettings({ body: settings })).toMatchObject({ deployed: false, settings });
    const products = await api.getSubgraph({ params: { name: 'products' } });
    const sdl = products.sdl.replace('product(', 'productOf(');
    await within(20_000, async () => {
      await graphql({ documentId: 'e2e-lamp' });
      const { operations } = await api.checkSubgraph({ params: { name: 'products' }, body: { sdl } });
      return operations.some(({ name, errors }) => name === 'E2eLamp' && errors.length > 0);
    });
  } finally {
    await api.deleteDocuments({ params }).catch(() => undefined);
  }
}, 60_000);

/** Asks until it holds; environments look for what is new beside their requests. */
async function within(milliseconds: number, holds: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + milliseconds;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`it did not hold within ${milliseconds} ms`);
    await pause(200);
  }
}

test('a subgraph is sent what its settings say, and verifies who asks with the keys of the gateway', async () => {
  const api = client(contracts.registry, { baseUrl: gateway.url, token: await tokenOf('admin') });
  const seen: IncomingHttpHeaders[] = [];
  const service = await listen((request, response) => {
    seen.push(request.headers);
    response.end('{"data":{"weather":"mild"}}');
  });
  const params = { name: NAME };
  try {
    const sdl = 'type Query { weather: String }';
    const settings = { forwardHeaders: ['Accept-Language'], principal: true };
    await api.publishSubgraph({ params, body: { url: service.url, sdl, ...settings } });
    const headers = {
      authorization: `Bearer ${await tokenOf('viewer')}`,
      'content-type': 'application/json',
      'accept-language': 'de',
    };
    const ask = async () => (await call('/graphql', { method: 'POST', headers, body: '{"query":"{ weather }"}' })).body;
    for (let second = 0; second < 10 && !('data' in Object(await ask())); second += 1) await pause(1_000);
    expect(await ask()).toEqual({ data: { weather: 'mild' } });
    // A check asks for nobody.
    const sent = seen.findLast((each) => 'traceparent' in each) ?? {};
    expect(sent).toMatchObject({ 'accept-language': 'de', traceparent: expect.stringMatching(/^00-/) });
    expect(sent).not.toHaveProperty('authorization');
    const keys = createRemoteJWKSet(new URL(`${gateway.url}/.well-known/subgraph-jwks.json`));
    const expected = { audience: NAME, issuer: gateway.url, typ: 'principal+jwt' };
    const { payload } = await jwtVerify(String(sent['x-gatehouse-principal']), keys, expected);
    expect(payload).toMatchObject({ kind: 'user', roles: ['viewer'] });
  } finally {
    await api.deleteSubgraph({ params }).catch(() => undefined);
    await service.stop();
  }
}, 60_000);

test('an administrator of a tenant may not even read the registry', async () => {
  const headers = { authorization: `Bearer ${await tokenOf('admin', gateway, 'globex.example')}` };
  for (const path of [
    '/v1/subgraphs',
    '/v1/graph',
    '/v1/subgraphs/products',
    '/v1/graph/documents',
    '/v1/settings/graph',
  ])
    expect(await call(path, { headers })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
});

test('within a minute or two the health of each example is known', async () => {
  const { listSubgraphs } = client(contracts.registry, { baseUrl: gateway.url, token: await tokenOf('admin') });
  const states = async () =>
    (await listSubgraphs()).items
      .filter(({ name }) => SUBGRAPHS.some((each) => each === name))
      .map(({ health }) => health?.state);
  const wanted = SUBGRAPHS.map(() => 'up');
  for (let second = 0; second < 150 && JSON.stringify(await states()) !== JSON.stringify(wanted); second += 3)
    await pause(3_000);
  expect(await states()).toEqual(wanted);
}, 180_000);
