import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod/mini';
import { contracts } from '../../lambdas/routes';
import { client } from '../../lambdas/shared/http/client';
import { type Answer, call, gateway, tokenOf } from '../support/gateway';
import { listen } from '../support/http';

const NAME = 'bulletin';
const params = { name: NAME };
const FIRST = 'type Query { bulletin: [String!] }';
const SECOND = 'type Query { bulletin: [String!] headline: String }';

const Body = z.object({
  data: z.optional(z.nullable(z.record(z.string(), z.unknown()))),
  errors: z.optional(z.array(z.object({ extensions: z.looseObject({ code: z.string() }) }))),
});

async function ask(token: string, query: string) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await call('/graphql', { method: 'POST', headers, body: JSON.stringify({ query }) });
  return { answer, ...Body.parse(answer.body) };
}

/** After this time every environment is on the new version of the graph. */
const IN_USE_MS = 5_000;

/** Asks several times at once, so that several environments answer. */
async function asked(token: string, query: string) {
  await pause(IN_USE_MS);
  return Promise.all(Array.from({ length: 4 }, () => ask(token, query)));
}

/** What others ask all the while. They are not to notice anything. */
async function load(tokens: readonly string[], until: AbortSignal): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let index = 0; !until.aborted; index += 1) {
    const { answer } = await ask(
      tokens[index % tokens.length] ?? '',
      '{ products(first: 2) { name reviews { rating author { name } } } }',
    );
    answers.push(answer);
    await pause(60);
  }
  return answers;
}

const service = (port?: number) =>
  listen((_, response) => response.end(JSON.stringify({ data: { bulletin: ['one'], headline: 'two' } })), port);

test('publish, break, check, roll back, kill a subgraph, bring it back: no request fails that need not', async () => {
  const token = await tokenOf('admin');
  const others = await Promise.all((['editor', 'viewer', 'api_user'] as const).map((role) => tokenOf(role)));
  const api = client(contracts.registry, { baseUrl: gateway.url, token });
  let running = await service();
  const { url } = running;
  const over = new AbortController();
  const loading = load(others, over.signal);
  try {
    await api.publishSubgraph({ params, body: { url, sdl: FIRST } });
    for (const { data } of await asked(token, '{ bulletin }')) expect(data).toEqual({ bulletin: ['one'] });

    const broken = api.publishSubgraph({ params, body: { url, sdl: 'type Query { bulletin: Nothing }' } });
    await expect(broken).rejects.toMatchObject({ status: 422 });
    expect((await ask(token, '{ bulletin }')).data).toEqual({ bulletin: ['one'] });

    await api.publishSubgraph({ params, body: { url, sdl: SECOND } });
    for (const { data } of await asked(token, '{ headline }')) expect(data).toEqual({ headline: 'two' });
    const check = await api.checkSubgraph({ params, body: { sdl: FIRST } });
    expect(check).toMatchObject({ passed: false });

    await api.rollBackSubgraph({ params, body: { version: 1 } });
    for (const { errors } of await asked(token, '{ headline }'))
      expect(errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);

    await running.stop();
    const without = await ask(token, '{ bulletin products(first: 1) { name } }');
    expect(without.answer.status).toBe(200);
    expect(without.data).toMatchObject({ bulletin: null, products: [{ name: expect.any(String) }] });
    expect(without.errors).toMatchObject([{ extensions: { code: 'SUBGRAPH_UNAVAILABLE', serviceName: NAME } }]);

    running = await service(Number(new URL(url).port));
    for (const { data } of await asked(token, '{ bulletin }')) expect(data).toEqual({ bulletin: ['one'] });
  } finally {
    await api.deleteSubgraph({ params }).catch(() => undefined);
    over.abort();
    await running.stop();
  }
  const answers = await loading;
  expect(answers.length).toBeGreaterThan(20);
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect(answers.filter(({ body }) => Object.hasOwn(Object(body), 'errors'))).toEqual([]);
}, 90_000);
