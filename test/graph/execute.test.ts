import { runnable } from '../../lambdas/graph/execute/execute';
import type { Fetch, Operation, Plan } from '../../lambdas/graph/execute/operation';
import type { Ask } from '../../lambdas/graph/execute/run';

const entities = (path: string[], query = '{ _entities }'): Plan => ({
  kind: 'Flatten',
  path,
  node: {
    kind: 'Fetch',
    subgraph: 'names',
    query,
    variables: [],
    requires: [
      {
        kind: 'InlineFragment',
        typeCondition: 'User',
        selections: [
          { kind: 'Field', name: '__typename' },
          { kind: 'Field', name: 'id' },
        ],
      },
    ],
  },
});
const root: Fetch = { kind: 'Fetch', subgraph: 'users', query: '{ a b }', variables: [] };

const userFields = [
  { key: 'id', wrap: '!', type: 'ID', of: 'User.id' },
  { key: 'name', wrap: '', type: 'String', of: 'User.name' },
];
const operation = (plan: Plan, overrides: Partial<Operation> = {}): Operation => ({
  kind: 'query',
  cost: 1,
  plan,
  shapes: [
    {
      types: {},
      untyped: [
        { key: 'a', wrap: '[', type: 'User', shape: 1, of: 'Query.a' },
        { key: 'b', wrap: '[', type: 'User', shape: 1, of: 'Query.b' },
      ],
    },
    { types: { User: userFields }, untyped: userFields },
  ],
  variables: [],
  defaults: {},
  inputs: {},
  enums: {},
  conditions: { User: ['User'] },
  ...overrides,
});

const user = (id: string) => ({ __typename: 'User', id });
const NAMES: Readonly<Record<string, string>> = { 1: 'Ada', 2: 'Bob' };

/** Users in two lists, and who knows their names. What is asked is noted. */
function world(lists: { a: unknown[]; b: unknown[] }) {
  const asked: { subgraph: string; representations: unknown }[] = [];
  const ask: Ask = async (subgraph, body) => {
    const { variables } = JSON.parse(body);
    asked.push({ subgraph, representations: variables.representations });
    if (subgraph === 'users') return { data: JSON.parse(JSON.stringify(lists)) };
    const all: { id: string }[] = variables.representations;
    return { data: { _entities: all.map(({ id }) => ({ name: NAMES[id] ?? null })) } };
  };
  return { ask, asked };
}
const run = async (plan: Plan, ask: Ask): Promise<unknown> => JSON.parse(await runnable(operation(plan)).run(ask, {}));
const both: Plan = {
  kind: 'Sequence',
  nodes: [root, { kind: 'Parallel', nodes: [entities(['a', '@']), entities(['b', '@'])] }],
};

test('an entity is asked for once, however often it stands in a list, and fetches that ask the same are one', async () => {
  const { ask, asked } = world({ a: [user('1'), user('2'), user('1'), null], b: [user('2'), user('1')] });
  expect(await run(both, ask)).toEqual({
    data: {
      a: [{ id: '1', name: 'Ada' }, { id: '2', name: 'Bob' }, { id: '1', name: 'Ada' }, null],
      b: [
        { id: '2', name: 'Bob' },
        { id: '1', name: 'Ada' },
      ],
    },
  });
  expect(asked.map(({ subgraph }) => subgraph)).toEqual(['users', 'names']);
  expect(asked[1]?.representations).toEqual([user('1'), user('2')]);
});

test('an error about an entity is told at all places where it stands', async () => {
  const { ask } = world({ a: [user('1'), user('1')], b: [user('2')] });
  const failing: Ask = async (subgraph, body) =>
    subgraph === 'users'
      ? ask(subgraph, body)
      : {
          data: { _entities: [null, { name: 'Bob' }] },
          errors: [{ message: 'gone', path: ['_entities', 0, 'name'], extensions: { code: 'GONE' } }],
        };
  const extensions = { code: 'GONE', serviceName: 'names' };
  expect(await run(both, failing)).toEqual({
    errors: [
      { message: 'gone', path: ['a', 0, 'name'], extensions },
      { message: 'gone', path: ['a', 1, 'name'], extensions },
    ],
    data: {
      a: [
        { id: '1', name: null },
        { id: '1', name: null },
      ],
      b: [{ id: '2', name: 'Bob' }],
    },
  });
});

test('what fails for two fetches together is asked for by each alone, unless the subgraph is away', async () => {
  const { ask, asked } = world({ a: [user('1')], b: [user('2')] });
  const broken: Ask = async (subgraph, body) => {
    const answer = await ask(subgraph, body);
    return body.includes('"2"') && subgraph === 'names' ? { data: null, errors: [{ message: 'no' }] } : answer;
  };
  expect(await run(both, broken)).toMatchObject({
    data: { a: [{ id: '1', name: 'Ada' }], b: [{ id: '2', name: null }] },
  });
  expect(asked).toHaveLength(4);
  asked.length = 0;
  const away: Ask = async (subgraph, body) => {
    const answer = await ask(subgraph, body);
    return subgraph === 'names' ? { errors: [{ message: 'away' }], isAway: true } : answer;
  };
  expect(await run(both, away)).toMatchObject({ data: { a: [{ name: null }], b: [{ name: null }] } });
  expect(asked).toHaveLength(2);
});

test.each([
  ['a null where there may be none goes up, and is told', [{ __typename: 'User', id: null }], null],
  ['so does a value of another type', [{ __typename: 'User', id: { secret: true } }], null],
  ['an object of a type that is not known here', [{ __typename: 'Spy', id: '1' }], null],
  ['a list that is none', { __typename: 'User', id: '1' }, null],
  ['what is left out is null', undefined, null],
])('%s', async (_, first, expected) => {
  const { ask } = world({ a: [], b: [] });
  const odd: Ask = async (subgraph, body) =>
    subgraph === 'users' ? { data: { a: Array.isArray(first) ? first : first, b: [] } } : ask(subgraph, body);
  const answer = await run({ kind: 'Sequence', nodes: [root] }, odd);
  const inList = Array.isArray(first) ? [expected] : expected;
  expect(answer).toMatchObject({ data: { a: inList, b: [] } });
});

/** As JSON.parse makes it of such an answer: properties of its own. */
const hostile: Ask = async () => ({
  data: JSON.parse(
    '{"a":[{"__typename":"User","id":"1","__proto__":{"polluted":true}}],"b":[],"__proto__":{"polluted":true}}',
  ),
});

test('nothing that a subgraph answers reaches the prototype of objects', async () => {
  await run({ kind: 'Sequence', nodes: [root, root] }, hostile);
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
});
