import { resolve, type Scope, Unresolved } from '../../../local/template/resolve';

const scope: Scope = {
  ref: (id) => {
    if (id === 'AWS::NoValue') return undefined;
    if (id === 'Names') return ['a', 'b'];
    if (id === 'Unknown') throw new Unresolved(`Ref ${id}`);
    return `<${id}>`;
  },
  attribute: (id, name) => `<${id}.${name}>`,
  mapping: (path) => path.join('/'),
  condition: (name) => name === 'Yes',
  imported: (name) => `imported ${name}`,
  finish: (value) => value.replace('public', 'local'),
};

test.each<[string, unknown, unknown]>([
  ['Ref', { Ref: 'A' }, '<A>'],
  ['GetAtt as a list', { 'Fn::GetAtt': ['A', 'Endpoint.Address'] }, '<A.Endpoint.Address>'],
  ['GetAtt as a text', { 'Fn::GetAtt': 'A.Endpoint.Address' }, '<A.Endpoint.Address>'],
  ['Join', { 'Fn::Join': ['-', ['x', { Ref: 'A' }, 7]] }, 'x-<A>-7'],
  ['Join of a list parameter', { 'Fn::Join': [',', { Ref: 'Names' }] }, 'a,b'],
  ['Sub of references', { 'Fn::Sub': '${A}/${A.Arn}/${!kept}' }, '<A>/<A.Arn>/${kept}'],
  ['Sub with its own variables', { 'Fn::Sub': ['${x}/${A}', { x: { Ref: 'B' } }] }, '<B>/<A>'],
  ['Select', { 'Fn::Select': ['1', ['a', { Ref: 'A' }]] }, '<A>'],
  ['Select from Split', { 'Fn::Select': [2, { 'Fn::Split': [':', 'a:b:c'] }] }, 'c'],
  ['Base64', { 'Fn::Base64': 'hi' }, 'aGk='],
  ['GetAZs', { 'Fn::GetAZs': '' }, ['us-east-1a', 'us-east-1b', 'us-east-1c']],
  ['FindInMap', { 'Fn::FindInMap': ['M', { Ref: 'A' }, 'k'] }, 'M/<A>/k'],
  ['ImportValue', { 'Fn::ImportValue': { 'Fn::Sub': 'x-${A}' } }, 'imported x-<A>'],
  ['If that holds', { 'Fn::If': ['Yes', 'y', { Ref: 'Unknown' }] }, 'y'],
  ['If that does not', { 'Fn::If': ['No', { Ref: 'Unknown' }, 'n'] }, 'n'],
  ['Equals', { 'Fn::Equals': ['<A>', { Ref: 'A' }] }, true],
  ['Equals of different values', { 'Fn::Equals': ['a', { Ref: 'A' }] }, false],
  ['And', { 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'No' }] }, false],
  ['Or', { 'Fn::Or': [{ Condition: 'No' }, { 'Fn::Equals': ['a', 'a'] }] }, true],
  ['Not', { 'Fn::Not': [{ Condition: 'No' }] }, true],
  ['NoValue as a member', { a: 1, b: { Ref: 'AWS::NoValue' } }, { a: 1 }],
  ['NoValue as an item', ['a', { Ref: 'AWS::NoValue' }], ['a']],
  ['NoValue from If', { a: { 'Fn::If': ['No', 1, { Ref: 'AWS::NoValue' }] } }, {}],
  ['values that are no reference', { a: [1, true, null, 'x'] }, { a: [1, true, null, 'x'] }],
  ['the last word on a plain text', 'a public url', 'a local url'],
  ['the last word on a text put together', { 'Fn::Join': ['', ['pub', 'lic']] }, 'local'],
])('%s is resolved', (_, value, expected) => {
  expect(resolve(value, scope)).toEqual(expected);
});

test.each<[string, unknown, string]>([
  ['an unknown reference', { a: { b: [{ Ref: 'Unknown' }] } }, 'Ref Unknown is not known on this machine (at a.b)'],
  ['an unknown intrinsic', { a: { 'Fn::Cidr': [] } }, 'the intrinsic Fn::Cidr is not known on this machine (at a)'],
  ['a Select past the end', { 'Fn::Select': [5, ['a']] }, 'Fn::Select [5,["a"]] is not known on this machine'],
  [
    'a Join of what is no text',
    { 'Fn::Join': ['', [{ a: 1 }]] },
    'a text in place of {"a":1} is not known on this machine',
  ],
])('%s stops with the way to it', (_, value, message) => {
  expect(() => resolve(value, scope)).toThrow(Unresolved);
  expect(() => resolve(value, scope)).toThrow(message);
});
