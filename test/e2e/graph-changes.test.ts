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
  errors: z.optional(z.array(z.object({ extensions: z.object({ code: z.string() }) }))),
});

async function ask(token: string, query: string) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await call('/graphql', { method: 'POST', headers, body: JSON.stringify({ query }) });
  return { answer, ...Body.parse(answer.body) };
}

/** Asks until the answer is as wanted. */
async function eventually(token: string, query: string, isWanted: (asked: Awaited<ReturnType<typeof ask>>) => boolean) {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const asked = await ask(token, query);
    if (isWanted(asked)) return asked;
    if (performance.now() > deadline) throw new Error(`waited in vain: ${JSON.stringify(asked.answer.body)}`);
    await pause(200);
  }
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
    await eventually(token, '{ bulletin }', ({ data }) => data?.bulletin !== undefined);

    const broken = api.publishSubgraph({ params, body: { url, sdl: 'type Query { bulletin: Nothing }' } });
    await expect(broken).rejects.toMatchObject({ status: 422 });
    expect((await ask(token, '{ bulletin }')).data).toEqual({ bulletin: ['one'] });

    await api.publishSubgraph({ params, body: { url, sdl: SECOND } });
    await eventually(token, '{ headline }', ({ data }) => data?.headline === 'two');
    const check = await api.checkSubgraph({ params, body: { sdl: FIRST } });
    expect(check).toMatchObject({ passed: false });

    await api.rollBackSubgraph({ params, body: { version: 1 } });
    await eventually(
      token,
      '{ headline }',
      ({ errors }) => errors?.[0]?.extensions.code === 'GRAPHQL_VALIDATION_FAILED',
    );

    await running.stop();
    const without = await ask(token, '{ bulletin products(first: 1) { name } }');
    expect(without.answer.status).toBe(200);
    expect(without.data).toMatchObject({ bulletin: null, products: [{ name: expect.any(String) }] });
    expect(without.errors).toMatchObject([{ extensions: { code: 'SUBGRAPH_UNAVAILABLE', serviceName: NAME } }]);

    running = await service(Number(new URL(url).port));
    await eventually(token, '{ bulletin }', ({ data }) => Array.isArray(data?.bulletin));
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
