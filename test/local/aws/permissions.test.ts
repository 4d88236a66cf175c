import { type InvokeRequest, invokePermissions } from '../../../local/aws/permissions';
import { Unresolved } from '../../../local/template/resolve';
import type { Resource } from '../../../local/types';

const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:f';
const SOURCE = 'arn:aws:execute-api:us-east-1:000000000000:api/live/GET/things/*';
const permission = (properties: Resource['properties']): Resource => ({
  stack: 'S',
  id: 'P',
  type: 'AWS::Lambda::Permission',
  ref: 'S-P',
  attribute: () => '',
  properties,
});
const granted = { Action: 'lambda:InvokeFunction', FunctionName: FUNCTION, Principal: 'apigateway.amazonaws.com' };
const request: InvokeRequest = {
  resource: FUNCTION,
  action: 'lambda:InvokeFunction',
  principal: 'apigateway.amazonaws.com',
  sourceArn: SOURCE,
};

test.each<[string, boolean, Resource['properties']]>([
  ['for any source', true, granted],
  ['for this source', true, { ...granted, SourceArn: SOURCE }],
  ['for a pattern of sources', true, { ...granted, SourceArn: 'arn:aws:execute-api:us-east-1:000000000000:api/*/*/*' }],
  ['by the name of the function', true, { ...granted, FunctionName: 'f' }],
  ['of every action', true, { ...granted, Action: 'lambda:*' }],
  ['to anybody', true, { ...granted, Principal: '*' }],
  ['for another API', false, { ...granted, SourceArn: SOURCE.replace(':api/', ':other/') }],
  ['for another method', false, { ...granted, SourceArn: SOURCE.replace('GET', 'PUT') }],
  ['for another function', false, { ...granted, FunctionName: `${FUNCTION}2` }],
  ['for a function whose name ends so', false, { ...granted, FunctionName: 'unction:f' }],
  ['to another service', false, { ...granted, Principal: 'events.amazonaws.com' }],
  ['of another action', false, { ...granted, Action: 'lambda:InvokeFunctionUrl' }],
  ['to callers of its URL', false, { ...granted, Principal: '*', InvokedViaFunctionUrl: true }],
])('a permission %s lets API Gateway in: %s', (_, expected, properties) => {
  expect(invokePermissions([permission(properties)])(request)).toBe(expected);
});

test('a caller of its URL needs a permission that is for that', () => {
  const permits = invokePermissions([permission({ ...granted, Principal: '*', InvokedViaFunctionUrl: true })]);
  expect(permits({ resource: FUNCTION, action: 'lambda:InvokeFunction', principal: '*', viaFunctionUrl: true })).toBe(
    true,
  );
});

test('a permission that refers to what is not known here permits nothing, and stops nothing', () => {
  const unknown = {
    ...granted,
    get SourceArn(): string {
      throw new Unresolved('Ref Nobody');
    },
  };
  expect(invokePermissions([permission(unknown)])(request)).toBe(false);
  expect(invokePermissions([permission(unknown), permission(granted)])(request)).toBe(true);
});
