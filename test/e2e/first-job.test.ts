import { execFileSync } from 'node:child_process';
import { createLocalJWKSet, jwtVerify } from 'jose';
import * as z from 'zod/mini';
import { contracts } from '../../lambdas/routes';
import { ORGANISATIONS, SEED_USERS } from '../../lambdas/seed/seed';
import { client } from '../../lambdas/shared/http/client';
import { call, gateway, graph, tokenOf } from '../support/gateway';

const Named = z.object({ name: z.string().check(z.minLength(1)) });
const Products = z.object({
  data: z.object({ products: z.array(z.extend(Named, { reviews: z.array(z.object({ author: Named })) })) }),
});
const [{ id: acme }] = ORGANISATIONS;
const anonymous = client({ ...contracts.auth, ...contracts.platform }, { baseUrl: gateway.url });

test('a federated answer joins products, their reviews and the reviewers from three subgraphs', async () => {
  const query = 'query ($n: Int!) { products(first: $n) { name reviews { body author { name } } } }';
  const { status, body } = await graph(await tokenOf('viewer'), query, { n: 50 });
  expect(status).toBe(200);
  expect(body).toMatchObject({ data: { products: expect.any(Array) } });
  expect(body).not.toHaveProperty('errors');
  const { products } = Products.parse(body).data;
  expect(products).toHaveLength(50);
  expect(products.flatMap(({ reviews }) => reviews).length).toBeGreaterThan(50);
});

test('a query may be sent with GET', async () => {
  const headers = { authorization: `Bearer ${await tokenOf('editor')}`, 'apollo-require-preflight': 'yes' };
  const { status, body } = await call(`/graphql?query=${encodeURIComponent('{ product(id: "1") { name } }')}`, {
    headers,
  });
  expect({ status, body }).toMatchObject({ status: 200, body: { data: {} } });
});

test.each(SEED_USERS.filter(({ organisation }) => organisation === acme))(
  'the example login $email gets a token that any JOSE library verifies with the published keys',
  async ({ role }) => {
    const jwks = createLocalJWKSet(await anonymous.getJwks());
    const { payload, protectedHeader } = await jwtVerify(await tokenOf(role), jwks, {
      issuer: gateway.url,
      audience: gateway.url,
      typ: 'at+jwt',
      algorithms: ['RS256'],
    });
    expect(protectedHeader.typ).toBe('at+jwt');
    expect(payload.roles).toEqual(role === 'admin' ? ['admin', 'operator'] : [role]);
    expect(Number(payload.exp) - Number(payload.iat)).toBe(15 * 60);
  },
);

test('the administrators of two organisations see their own members only', async () => {
  const domains = ['acme.example', 'globex.example'];
  for (const domain of domains) {
    const token = await tokenOf('admin', gateway, domain);
    const { items } = await client(contracts.tenants, { baseUrl: gateway.url, token }).listMembers();
    expect(items.length).toBeGreaterThanOrEqual(4);
    expect(items.every(({ email }) => email?.endsWith(`@${domain}`))).toBe(true);
  }
});

test('the three commands printed at the start work when pasted into a shell', () => {
  const commands = gateway.commands.join('\n');
  const output = execFileSync('sh', ['-euc', commands], { encoding: 'utf8' });
  expect(output).toMatch(/"products":\[\{"name":"[^"]+","reviews":\[\{"body":"[^"]+","author":\{"name":"[^"]+"/);
  expect(output).toContain('gatehouse_build_info');
});

test('a machine reads metrics with its API key', async () => {
  const metrics = await client(contracts.platform, { baseUrl: gateway.url, apiKey: gateway.apiKey }).getMetrics();
  expect(metrics).toContain('gatehouse_dependency_up{dependency="postgres"} 1');
  expect(metrics).toContain('gatehouse_dependency_up{dependency="redis"} 1');
});

test('the platform says that it lives and that all it needs is there', async () => {
  expect(await anonymous.getHealth()).toEqual({ status: 'ok' });
  const { status, dependencies } = await anonymous.getReadiness();
  expect(status).toBe('ready');
  expect(dependencies.map(({ state }) => state)).toEqual(['up', 'up', 'up']);
});

test('the API reference and all it refers to come from the gateway itself', async () => {
  const page = await call('/docs');
  expect(page.status).toBe(200);
  const addresses = [...String(page.body).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => String(address));
  expect(addresses.length).toBeGreaterThan(2);
  for (const address of addresses) {
    const { status } = await call(new URL(address, `${gateway.url}/docs`).href.slice(gateway.url.length));
    expect([address, status]).toEqual([address, 200]);
  }
});
