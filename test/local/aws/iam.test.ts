import * as fc from 'fast-check';
import { glob } from '../../../local/aws/glob';
import { accessDenied, assumedRole, evaluate, rolesOf } from '../../../local/aws/iam';
import type { Statement } from '../../../local/types';
import { allow, PRINCIPAL, resource } from '../support';

const TABLE = 'arn:aws:dynamodb:us-east-1:000000000000:table/Orders';
const need = (context = {}) => ({ action: 'dynamodb:GetItem', resource: TABLE, context });
const deny = (rest: Partial<Statement>): Statement => ({ Effect: 'Deny', Action: '*', Resource: '*', ...rest });

test.each<[string, Statement[], string]>([
  ['nothing said is a deny', [], 'denied implicitly'],
  ['an allow allows', [allow('dynamodb:GetItem', TABLE)], 'allowed'],
  ['a deny wins over an allow, whatever their order', [deny({}), allow('*', '*')], 'denied explicitly'],
  ['a deny after the allow wins too', [allow('*', '*'), deny({})], 'denied explicitly'],
  ['another action is not allowed', [allow('dynamodb:PutItem', TABLE)], 'denied implicitly'],
  ['another resource is not allowed', [allow('dynamodb:*', `${TABLE}2`)], 'denied implicitly'],
  ['actions ignore case', [allow('DynamoDB:getitem', TABLE)], 'allowed'],
  ['resources do not', [allow('dynamodb:GetItem', TABLE.toLowerCase())], 'denied implicitly'],
  ['* stands for any characters', [allow('dynamodb:Get*', 'arn:*:table/O*s')], 'allowed'],
  ['? stands for one', [allow('dynamodb:GetIte?', TABLE.replace('Orders', 'Order?'))], 'allowed'],
  ['? does not stand for none', [allow('dynamodb:GetItem?', TABLE)], 'denied implicitly'],
  ['NotAction allows the others', [{ Effect: 'Allow', NotAction: 'dynamodb:PutItem', Resource: '*' }], 'allowed'],
  [
    'NotAction leaves its own out',
    [{ Effect: 'Allow', NotAction: 'dynamodb:Get*', Resource: '*' }],
    'denied implicitly',
  ],
  ['NotResource allows the others', [{ Effect: 'Allow', Action: '*', NotResource: `${TABLE}/index/*` }], 'allowed'],
  ['NotResource leaves its own out', [{ Effect: 'Allow', Action: '*', NotResource: TABLE }], 'denied implicitly'],
])('%s', (_, statements, verdict) => {
  expect(evaluate(statements, need())).toBe(verdict);
});

const context = { 'aws:name': ['Alice'], 'aws:count': ['10'], 'aws:tls': ['true'], 'aws:list': ['a', 'b'] };
const ARN = { 'aws:arn': ['arn:aws:sqs:us-east-1:1:queue'] };

test.each<[string, NonNullable<Statement['Condition']>, boolean]>([
  ['StringEquals', { StringEquals: { 'AWS:Name': ['Bob', 'Alice'] } }, true],
  ['StringEquals is exact', { StringEquals: { 'aws:name': 'alice' } }, false],
  ['StringEquals without the key', { StringEquals: { 'aws:none': 'x' } }, false],
  ['StringEqualsIgnoreCase', { StringEqualsIgnoreCase: { 'aws:name': 'aLICE' } }, true],
  ['StringNotEquals', { StringNotEquals: { 'aws:name': ['Bob', 'Alice'] } }, false],
  ['StringNotEquals without the key', { StringNotEquals: { 'aws:none': 'x' } }, true],
  ['StringNotEqualsIgnoreCase', { StringNotEqualsIgnoreCase: { 'aws:name': 'ALICE' } }, false],
  ['StringLike', { StringLike: { 'aws:name': 'A*e' } }, true],
  ['StringNotLike', { StringNotLike: { 'aws:name': 'A*' } }, false],
  ['...IfExists without the key', { StringEqualsIfExists: { 'aws:none': 'x' } }, true],
  ['...IfExists with the key', { StringEqualsIfExists: { 'aws:name': 'x' } }, false],
  ['Bool', { Bool: { 'aws:tls': true } }, true],
  ['Bool the other way', { Bool: { 'aws:tls': 'false' } }, false],
  ['Null, the key is there', { Null: { 'aws:name': 'false' } }, true],
  ['Null, the key is not there', { Null: { 'aws:none': true } }, true],
  ['Null, wrong', { Null: { 'aws:name': 'true' } }, false],
  ['NumericLessThan', { NumericLessThan: { 'aws:count': '9' } }, false],
  ['NumericLessThanEquals compares numbers', { NumericLessThanEquals: { 'aws:count': 10 } }, true],
  ['NumericGreaterThan', { NumericGreaterThan: { 'aws:count': '9' } }, true],
  ['NumericEquals of what is no number', { NumericEquals: { 'aws:name': '10' } }, false],
  ['ArnLike', { ArnLike: { 'aws:arn': 'arn:aws:sqs:*:*:queue' } }, true],
  ['ArnLike: a wildcard ends at the colon', { ArnLike: { 'aws:arn': 'arn:aws:*:queue' } }, false],
  ['ArnNotEquals', { ArnNotEquals: { 'aws:arn': 'arn:aws:sqs:*:1:*' } }, false],
  ['ForAllValues', { 'ForAllValues:StringEquals': { 'aws:list': ['a', 'b', 'c'] } }, true],
  ['ForAllValues with one outside', { 'ForAllValues:StringEquals': { 'aws:list': ['a'] } }, false],
  ['ForAllValues without the key', { 'ForAllValues:StringEquals': { 'aws:none': ['a'] } }, true],
  ['ForAnyValue', { 'ForAnyValue:StringLike': { 'aws:list': ['b*'] } }, true],
  ['ForAnyValue with none inside', { 'ForAnyValue:StringEquals': { 'aws:list': ['c'] } }, false],
  ['ForAnyValue without the key', { 'ForAnyValue:StringEquals': { 'aws:none': ['a'] } }, false],
  ['all conditions must hold', { Bool: { 'aws:tls': 'true' }, StringEquals: { 'aws:name': 'Bob' } }, false],
])('condition %s', (_, Condition, holds) => {
  const statement = allow('*', '*', { Condition });
  expect(evaluate([statement], need({ ...context, ...ARN }))).toBe(holds ? 'allowed' : 'denied implicitly');
});

test('an operator that is not known here neither allows nor lifts a deny', () => {
  const Condition = { DateLessThan: { 'aws:CurrentTime': '2030-01-01T00:00:00Z' } };
  expect(evaluate([allow('*', '*', { Condition })], need())).toBe('denied implicitly');
  expect(evaluate([allow('*', '*'), deny({ Condition })], need())).toBe('denied explicitly');
});

test('a pattern without wildcards matches itself and nothing else, whatever its characters', () => {
  const plain = fc.string().map((text) => text.replace(/[*?]/g, ''));
  fc.assert(fc.property(plain, plain, (pattern, value) => glob(pattern, value) === (pattern === value)));
  fc.assert(fc.property(plain, plain, plain, (a, b, c) => glob(`${a}*${c}`, a + b + c)));
});

test('a statement more never turns a deny into anything else', () => {
  const statement = fc.record({
    Effect: fc.constantFrom('Allow' as const, 'Deny' as const),
    Action: fc.constantFrom('*', 'dynamodb:*', 'sqs:*', 'dynamodb:GetItem'),
    Resource: fc.constantFrom('*', TABLE, 'arn:aws:sqs:*'),
  });
  fc.assert(
    fc.property(fc.array(statement), statement, (statements, more) => {
      const before = evaluate(statements, need());
      const after = evaluate([...statements, more], need());
      return before !== 'denied explicitly' || after === before;
    }),
  );
});

const document = (Action: string) => ({ Version: '2012-10-17', Statement: [allow(Action, '*')] });

test('a role has the statements of its inline, attached and managed policies, and none of those AWS keeps', () => {
  const roles = rolesOf([
    resource(
      'AWS::IAM::Role',
      'Role',
      {
        Policies: [{ PolicyName: 'inline', PolicyDocument: document('a:inline') }],
        ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole', 'arn:managed'],
      },
      'role-name',
      { Arn: 'arn:role' },
    ),
    resource('AWS::IAM::Policy', 'Policy', { Roles: ['role-name'], PolicyDocument: document('a:attached') }),
    resource('AWS::IAM::Policy', 'Other', { Roles: ['other'], PolicyDocument: document('a:other') }),
    resource('AWS::IAM::ManagedPolicy', 'Managed', { PolicyDocument: document('a:managed') }, 'arn:managed'),
  ]);
  const actions = roles.get('arn:role')?.statements.map(({ Action }) => Action);
  expect(actions).toEqual(['a:inline', 'a:attached', 'a:managed']);
});

test('AccessDenied names principal, action and resource in the words of AWS', () => {
  const denial = { principal: PRINCIPAL, action: 'sqs:SendMessage', resource: 'arn:aws:sqs:us-east-1:1:q' };
  expect(accessDenied(denial, 'denied implicitly')).toBe(
    `User: ${PRINCIPAL} is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:us-east-1:1:q because no identity-based policy allows the sqs:SendMessage action`,
  );
  expect(assumedRole('arn:aws:iam::000000000000:role/path/FnRole', 'fn')).toBe(PRINCIPAL);
});
