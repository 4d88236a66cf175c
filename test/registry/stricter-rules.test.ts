import { compare } from '../../lambdas/registry/compare';
import { compose } from '../../lambdas/registry/compose';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@authenticated", { name: "@requiresScopes", as: "@needs" }, "@policy", "@inaccessible"])`;

function composed(types: string) {
  const found = compose([{ name: 'people', url: 'https://people.example', sdl: `${LINK} ${types}` }]);
  if (!found.ok) throw new Error(found.errors.map(({ message }) => message).join('\n'));
  return found;
}
const PEOPLE = (of: { type?: string; field?: string; email?: string; more?: string }) =>
  composed(`type Query { people: [Person] ${of.field ?? ''} }
    type Person ${of.type ?? ''} { id: ID! name: String email: Email ${of.email ?? ''} ${of.more ?? ''} } scalar Email`);
const changes = (before: Parameters<typeof PEOPLE>[0], after: Parameters<typeof PEOPLE>[0]) =>
  compare(PEOPLE(before), PEOPLE(after)).breaking.map(({ type, description }) => `${type} ${description}`);

test.each<[string, string, string, string]>([
  [
    'a field that anybody could see',
    '',
    '@authenticated',
    'AUTH_RULE_ADDED Person.email asks for a caller who has signed in.',
  ],
  ['a scope', '', '@needs(scopes: [["a:b"]])', 'AUTH_RULE_ADDED Person.email asks for the scopes a:b.'],
  [
    'a policy',
    '',
    '@policy(policies: [["p", "q"], ["r"]])',
    'AUTH_RULE_ADDED Person.email asks for the policies p and q, or r.',
  ],
  [
    'one scope more',
    '@needs(scopes: [["a"]])',
    '@needs(scopes: [["a", "b"]])',
    'AUTH_RULE_TIGHTENED Person.email asks for the scopes a and b.',
  ],
  [
    'an alternative less',
    '@needs(scopes: [["a"], ["b"]])',
    '@needs(scopes: [["a"]])',
    'AUTH_RULE_TIGHTENED Person.email asks for the scopes a.',
  ],
  [
    'another scope',
    '@needs(scopes: [["a"]])',
    '@needs(scopes: [["b"]])',
    'AUTH_RULE_TIGHTENED Person.email asks for the scopes b.',
  ],
  [
    'a policy beside a scope',
    '@needs(scopes: [["a"]])',
    '@needs(scopes: [["a"]]) @policy(policies: [["p"]])',
    'AUTH_RULE_ADDED Person.email asks for the policies p.',
  ],
])('a rule that becomes stricter breaks callers: %s', (_, before, after, told) => {
  expect(changes({ email: before }, { email: after })).toEqual([told]);
});

test.each<[string, string, string]>([
  ['the same in another order', '@needs(scopes: [["a", "b"], ["c"]])', '@needs(scopes: [["c"], ["b", "a"]])'],
  ['a scope less', '@needs(scopes: [["a", "b"]])', '@needs(scopes: [["a"]])'],
  ['an alternative more', '@needs(scopes: [["a"]])', '@needs(scopes: [["a"], ["b"]])'],
  ['no rule any more', '@authenticated', ''],
  ['to be signed in, which a scope has asked for', '@needs(scopes: [["a"]])', '@authenticated'],
])('one that does not breaks nobody: %s', (_, before, after) => {
  expect(changes({ email: before }, { email: after })).toEqual([]);
});

test('a rule of a type is told once, and of the type', () => {
  expect(changes({}, { type: '@authenticated' })).toEqual([
    'AUTH_RULE_ADDED Person asks for a caller who has signed in.',
  ]);
});

test('a rule that moves between a field and its type is no change for those that had it', () => {
  const rule = '@needs(scopes: [["a"]])';
  expect(changes({ type: rule }, { email: rule })).toEqual([]);
  // Other fields did not have it.
  expect(changes({ email: rule }, { type: rule })).toEqual(['AUTH_RULE_ADDED Person asks for the scopes a.']);
  const [a, b] = ['@needs(scopes: [["a"]])', '@needs(scopes: [["b"]])'];
  expect(changes({ type: a, email: b }, { email: '@needs(scopes: [["a", "b"]])' })).toEqual([]);
});

test('a rule at what is new, or what callers do not see, breaks nobody', () => {
  const secret = 'pay: Int @inaccessible';
  expect(changes({}, { more: 'pay: Int @authenticated' })).toEqual([]);
  expect(changes({ more: secret }, { more: `${secret} @authenticated` })).toEqual([]);
});

test('a graph that is the first one breaks nobody', () => {
  expect(compare({ apiSchema: '', supergraph: '' }, PEOPLE({ type: '@authenticated' }))).toEqual({
    breaking: [],
    dangerous: [],
  });
});
