import { compose } from '../../lambdas/registry/compose';

const LINK = (...names: string[]) =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", ${names.join(', ')}])`;
const of = (sdl: string) => compose([{ name: 'users', url: 'https://users.example', sdl }]);
const CONTEXT = `type Query { user: User! }
type User @key(fields: "id") @context(name: "money") { id: ID! currency: String! last: Order! }
type Order @key(fields: "id") { id: ID! total(in: String @fromContext(field: "$money { currency }")): Int! }`;

test('@context and @fromContext do not compose, because the graph could not be planned with them', () => {
  const composed = of(`${LINK('"@context"', '"@fromContext"')}\n${CONTEXT}`);
  expect(composed).toEqual({
    ok: false,
    errors: [
      {
        code: 'UNSUPPORTED_FEATURE',
        message: '@context and @fromContext are not supported.',
        positions: [
          { subgraph: 'users', line: 3, column: 30 },
          { subgraph: 'users', line: 4, column: 58 },
        ],
      },
    ],
  });
});

test('by other names neither', () => {
  const names = ['{ name: "@context", as: "@gives" }', '{ name: "@fromContext", as: "@takes" }'];
  const sdl = CONTEXT.replace('@context', '@gives').replace('@fromContext', '@takes');
  expect(of(`${LINK(...names)}\n${sdl}`)).toMatchObject({ ok: false, errors: [{ code: 'UNSUPPORTED_FEATURE' }] });
});

test('what is linked and not used composes', () => {
  expect(of(`${LINK('"@context"', '"@fromContext"')} type Query { a: Int }`)).toMatchObject({ ok: true });
});

test('what the graph honours itself composes', () => {
  const names = [
    '"@authenticated"',
    '"@requiresScopes"',
    '"@policy"',
    '"@cost"',
    '"@listSize"',
    '"@tag"',
    '"@inaccessible"',
  ];
  const sdl = `type Query { a: Int @authenticated @cost(weight: 2) @tag(name: "t")
    b: [Int] @requiresScopes(scopes: [["s"]]) @listSize(assumedSize: 2) c: Int @policy(policies: [["p"]]) d: Int @inaccessible }`;
  expect(of(`${LINK(...names)}\n${sdl}`)).toMatchObject({ ok: true });
});
