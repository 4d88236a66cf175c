import * as z from 'zod/mini';
import { contracts } from '../../../lambdas/routes';
import { ask } from '../../support/handled';
import { captureOutput } from '../../support/output';
import { admissible, everyRoute, product, REACHED } from '../../support/routes';

captureOutput();

const withBody = everyRoute.flatMap(([name, route]) => (route.body ? [{ name, route, body: route.body }] : []));
const parsed = everyRoute.filter(([, route]) => !route.raw);
/** Their bodies are files of others' tools, which may say more than is read of them; in a Relay manifest any name is an id. */
const FOREIGN: ReadonlySet<string> = new Set(['publishDocuments']);
/** OAuth endpoints ignore what they do not know (RFC 6749 section 3.2). */
const strict = parsed.filter(([name, { errorFormat }]) => errorFormat !== 'oauth' && !FOREIGN.has(name));
const guarded = everyRoute.filter(([, route]) => route.auth !== 'none');

describe('what holds for every route', () => {
  test('no two features share an operation name', () => {
    const names = Object.values(contracts).flatMap((contract) => Object.keys(contract));
    expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
  });

  test('no two operations share a method and a path', () => {
    const addresses = everyRoute.map(([, { method, path }]) => `${method} ${path}`);
    expect(addresses.toSorted()).toEqual([...new Set(addresses)].toSorted());
  });

  test.each(everyRoute)('%s declares every parameter of its path, and no other', (_, { path, params }) => {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    expect(Object.keys(params?.shape ?? {})).toEqual(inPath);
  });

  test.each(strict)('%s takes only declared properties in its body, query and path', (_, { body, query, params }) => {
    const schemas = [body?.schema, query, params].flatMap((schema) => schema ?? []);
    const open = schemas.map((schema) => z.toJSONSchema(schema, { io: 'input' })).flatMap(openObjects);
    expect(open).toEqual([]);
  });
});

/** The objects in a JSON Schema that take undeclared properties. */
function openObjects(schema: unknown): unknown[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const open = Reflect.get(schema, 'properties') !== undefined && Reflect.get(schema, 'additionalProperties') !== false;
  return [...(open ? [schema] : []), ...Object.values(schema).flatMap(openObjects)];
}

test.each(guarded)('%s without a principal answers 401', async (_, route) => {
  const answer = await ask(product, { ...admissible(route), principal: undefined });
  expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
  expect(answer.headers['www-authenticate']).toBe('Bearer');
});

describe('requests that are not valid', () => {
  test.each(everyRoute)('%s with another method answers 405 with Allow', async (_, route) => {
    const answer = await ask(product, { ...admissible(route), method: 'TRACE' });
    expect(answer.status).toBe(405);
    expect(String(answer.headers.allow).split(', ')).toEqual(expect.arrayContaining([route.method, 'OPTIONS']));
  });

  test.each(parsed)('%s refuses an undeclared query parameter by name', async (_, route) => {
    const answer = await ask(product, { ...admissible(route), query: { undeclared: '1' } });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('undeclared is not known here');
  });

  test.each(withBody.filter(({ name, route }) => !route.raw && route.errorFormat !== 'oauth' && !FOREIGN.has(name)))(
    '$name refuses an undeclared property of its body by name',
    async ({ route }) => {
      const sent = JSON.stringify({ ...Object(route.example?.body), undeclared: 1 });
      const answer = await ask(product, { ...admissible(route), body: sent });
      expect(answer.status).toBe(400);
      expect(answer.text).toContain('undeclared is not known here');
    },
  );

  test.each(withBody.filter(({ route }) => route.errorFormat === 'oauth'))(
    '$name ignores a parameter that it does not know',
    async ({ route, body }) => {
      const required = z.toJSONSchema(body.schema, { io: 'input' }).required ?? [];
      const sent = [...required, 'undeclared'].map((name) => `${name}=1`).join('&');
      expect(await ask(product, { ...admissible(route), body: sent })).toMatchObject({ status: REACHED });
    },
  );

  test.each(withBody)('$name with another content type answers 415', async ({ route }) => {
    const answer = await ask(product, { ...admissible(route), headers: { 'content-type': 'text/plain' }, body: '{}' });
    expect(answer.status).toBe(415);
  });

  test.each(withBody)('$name with a body over its limit answers 413 before it is parsed', async ({ route, body }) => {
    const tooLong = 'x'.repeat((body.maxBytes ?? 256 * 1024) + 1);
    const plain = await ask(product, { ...admissible(route), body: tooLong });
    const encoded = Buffer.from(tooLong).toString('base64');
    const base64 = await ask(product, { ...admissible(route), body: encoded, base64: true });
    expect([plain.status, base64.status]).toEqual([413, 413]);
  });

  test('an unknown path answers 404', async () => {
    expect(await ask(product, { resource: '/nowhere' })).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  test('the operation is reached when nothing is wrong', async () => {
    expect(await ask(product, { resource: '/health' })).toMatchObject({ status: REACHED });
  });
});
