import { decide, MalformedPolicy } from '../../../local/rest-api/policy';

const METHOD = 'arn:aws:execute-api:us-east-1:000000000000:api/live/GET/things/7';
const allow = { Effect: 'Allow', Action: 'execute-api:Invoke', Resource: METHOD };
const decision = (...Statement: object[]) => decide({ Version: '2012-10-17', Statement }, METHOD);

test.each<[string, string, object[]]>([
  ['the method itself', 'allow', [allow]],
  ['a wildcard', 'allow', [{ ...allow, Resource: 'arn:aws:execute-api:*:*:*/*/GET/*' }]],
  ['any action', 'allow', [{ ...allow, Action: '*' }]],
  ['an action in other letters', 'allow', [{ ...allow, Action: ['x:Y', 'EXECUTE-API:invoke'] }]],
  ['one of several resources', 'allow', [{ ...allow, Resource: ['arn:other', METHOD] }]],
  ['a single character', 'allow', [{ ...allow, Resource: METHOD.replace('7', '?') }]],
  ['another method', 'implicit deny', [{ ...allow, Resource: METHOD.replace('GET', 'PUT') }]],
  ['other letters in the path', 'implicit deny', [{ ...allow, Resource: METHOD.replace('things', 'THINGS') }]],
  ['a longer path', 'implicit deny', [{ ...allow, Resource: METHOD.slice(0, -1) }]],
  ['another action', 'implicit deny', [{ ...allow, Action: 'execute-api:ManageConnections' }]],
  ['a deny after an allow', 'explicit deny', [allow, { ...allow, Effect: 'Deny' }]],
  ['a deny before an allow', 'explicit deny', [{ ...allow, Effect: 'Deny' }, allow]],
  ['a deny for something else', 'allow', [allow, { ...allow, Effect: 'Deny', Resource: 'arn:other' }]],
])('%s: %s', (_, expected, statements) => {
  expect(decision(...statements)).toBe(expected);
});

test('a single statement needs no list', () => {
  expect(decide({ Statement: allow }, METHOD)).toBe('allow');
});

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['a text', 'Allow'],
  ['no statements', { Statement: [] }],
  ['another effect', { Statement: [{ ...allow, Effect: 'Maybe' }] }],
  ['no action', { Statement: [{ ...allow, Action: undefined }] }],
  ['no resource', { Statement: [{ ...allow, Resource: [] }] }],
  ['a condition', { Statement: [allow, { ...allow, Condition: {} }] }],
])('%s is no policy that could let anybody in', (_, policy) => {
  expect(() => decide(policy, METHOD)).toThrow(MalformedPolicy);
});
