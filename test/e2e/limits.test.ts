import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod/mini';
import { DEFAULT_LIMITS } from '../../lambdas/shared/limits/defaults';
import { type Answer, call, gateway, isAlone, tokenOf } from '../support/gateway';

const { free, enterprise } = DEFAULT_LIMITS.plans;
const Made = z.looseObject({ id: z.string() });
const Token = z.looseObject({ access_token: z.string() });

/** An organisation of its own, on the plan that every new one has, with the token of its administrator. */
async function newOrganisation(): Promise<string> {
  const admin = await tokenOf('admin');
  const made = await call('/v1/organisations', {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: `Limits ${randomUUID()}` }),
  });
  const organisation = Made.parse(made.body).id;
  const body = new URLSearchParams({
    grant_type: 'password',
    username: 'admin@acme.example',
    password: gateway.password,
    organisation,
  });
  return Token.parse((await call('/v1/auth/token', { method: 'POST', body })).body).access_token;
}

const me = (token: string) => call('/v1/auth/me', { headers: { authorization: `Bearer ${token}` } });

/** So many requests, some of them at a time, of an organisation whose environments all reached Redis in time. */
async function manyTogether(count: number, atOnce: number) {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const token = await newOrganisation();
    const began = performance.now();
    const answers = await many(token, count, atOnce);
    const seconds = (performance.now() - began) / 1000;
    if (!answers.some(isAlone)) return { token, answers, seconds };
  }
  throw new Error('Redis was late in every attempt');
}

async function many(token: string, count: number, atOnce: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  let sent = 0;
  const send = async () => {
    while (sent < count) {
      sent += 1;
      answers.push(await me(token));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, send));
  return answers;
}

/** `"user-burst";r=3;t=1, …` as a list of names with their numbers. */
const fieldsOf = (text: string | null) =>
  (text ?? '').split(', ').map((item) => {
    const [name = '', ...parameters] = item.split(';');
    return {
      name: name.replaceAll('"', ''),
      numbers: new Map(
        parameters.map((each): [string, number] => [each.split('=')[0] ?? '', Number(each.split('=')[1])]),
      ),
    };
  });

/** What the headers of one answer say, once it is certain that they say the same. */
function agreed({ headers }: Answer) {
  const [policy] = fieldsOf(headers.get('ratelimit-policy'));
  const [state] = fieldsOf(headers.get('ratelimit'));
  expect(policy?.name).toBe(state?.name);
  expect(Number(headers.get('x-ratelimit-limit'))).toBe(policy?.numbers.get('q'));
  expect(Number(headers.get('x-ratelimit-remaining'))).toBe(state?.numbers.get('r'));
  const inSeconds = Number(headers.get('x-ratelimit-reset')) - Date.now() / 1000;
  expect(Math.abs(inSeconds - (state?.numbers.get('t') ?? 0))).toBeLessThan(5);
  expect(headers.get('x-ratelimit-mode')).toBeNull();
  return {
    name: state?.name ?? '',
    left: Number(headers.get('x-ratelimit-remaining')),
    retryAfter: Number(headers.get('retry-after')),
  };
}

test('every answer says what is left, in four headers that agree', async () => {
  const token = await newOrganisation();
  const first = await me(token);
  expect(first.status).toBe(200);
  expect(agreed(first)).toMatchObject({ name: 'user-burst', left: free.principal.burst - 1 });
  const names = fieldsOf(first.headers.get('ratelimit')).map(({ name }) => name);
  expect(names.toSorted()).toEqual([
    'organisation-burst',
    'organisation-concurrent',
    'organisation-day',
    'organisation-minute',
    'user-burst',
    'user-minute',
  ]);
  const refused = await call('/v1/keys/0000000000000000', { headers: { authorization: `Bearer ${token}` } });
  expect(refused.status).toBe(404);
  agreed(refused);
});

test('however many environments of a function answer, they spend one bucket', async () => {
  const { answers, seconds } = await manyTogether(100, 8);
  const refilled = seconds * free.principal.ratePerSecond;
  const admitted = answers.filter(({ status }) => status === 200).length;
  expect(admitted).toBeGreaterThanOrEqual(free.principal.burst);
  expect(admitted).toBeLessThanOrEqual(free.principal.burst + Math.ceil(refilled) + 1);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
});

test('a 429 names the limit, and the same request succeeds exactly when it says', async () => {
  const { token, answers } = await manyTogether(60, 4);
  const over = answers.findLast(({ status }) => status === 429);
  if (!over) throw new Error('no limit was met');
  const { retryAfter, name } = agreed(over);
  expect(over.headers.get('content-type')).toBe('application/problem+json');
  expect(over.body).toMatchObject({
    code: 'rate_limited',
    limit: { retryAfterSeconds: retryAfter, scope: name.split('-')[0], name: name.split('-')[1] },
  });
  expect(retryAfter).toBeGreaterThanOrEqual(1);
  await pause(retryAfter * 1000);
  expect((await me(token)).status).toBe(200);
});

const costOf = ({ headers }: Answer) => Number(headers.get('x-ratelimit-cost'));
const minuteLeft = ({ headers }: Answer) =>
  fieldsOf(headers.get('ratelimit'))
    .find(({ name }) => name === 'user-minute')
    ?.numbers.get('r') ?? Number.NaN;

test('REST and GraphQL spend one budget, a dear operation more of it, and what no bucket holds does not run', async () => {
  const token = await newOrganisation();
  const graph = (query: string) =>
    call('/graphql', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
  const rest = await me(token);
  const cheap = await graph('{ products { name } }');
  const dear = await graph('{ products { name reviews { body author { name } } } }');
  expect([rest, cheap, dear].map(costOf)).toEqual([1, 1, 5]);
  expect([cheap, dear].map(({ status }) => status)).toEqual([200, 200]);
  expect(minuteLeft(rest) - minuteLeft(dear)).toBe(6);
  const huge = await graph('{ products(first: 100000) { reviews { body } } }');
  expect(huge).toMatchObject({ status: 400, body: { code: 'too_costly', limit: { scope: 'user' } } });
  expect(minuteLeft(await me(token))).toBe(minuteLeft(dear) - 1);
});

test('GET /v1/limits says the same and spends nothing', async () => {
  const token = await newOrganisation();
  const before = await me(token);
  const asked = await call('/v1/limits', { headers: { authorization: `Bearer ${token}` } });
  const burst = fieldsOf(before.headers.get('ratelimit')).find(({ name }) => name === 'organisation-day');
  expect(asked.body).toMatchObject({
    plan: 'free',
    policies: expect.arrayContaining([
      expect.objectContaining({ name: 'day', scope: 'organisation', remaining: burst?.numbers.get('r') }),
    ]),
  });
});

test('an operator changes a plan while it runs, and the next requests are judged by it', async () => {
  const token = await newOrganisation();
  await me(token);
  const organisation = z.looseObject({ organisation: Made }).parse((await me(token)).body).organisation.id;
  const changed = await call(`/v1/settings/organisations/${organisation}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${await tokenOf('admin')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ plan: 'pro', limits: { principal: { burst: 77 } } }),
  });
  expect(changed.status).toBe(200);
  const policies = fieldsOf((await me(token)).headers.get('ratelimit-policy'));
  expect(policies.find(({ name }) => name === 'user-burst')?.numbers.get('q')).toBe(77);
});

test('a larger plan lets more through', async () => {
  const token = await tokenOf('editor');
  const answers = await many(token, 100, 8);
  expect(enterprise.principal.burst).toBeGreaterThan(100);
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
});
