import type { Method } from '../../../local/rest-api/document';
import { routerOf } from '../../../local/rest-api/router';

const method = (verb: string, path: string): Method => ({
  verb,
  path,
  resourceId: '',
  integration: { kind: 'proxy', functionArn: '', timeoutMs: 0 },
  authorizer: undefined,
  check: { requiredParameters: [], models: new Map() },
});

const route = routerOf([
  method('GET', '/'),
  method('GET', '/things'),
  method('GET', '/things/{id}'),
  method('GET', '/things/special'),
  method('GET', '/things/special/deep/leaf'),
  method('GET', '/things/{id}/parts/{part}'),
  method('ANY', '/any'),
  method('GET', '/any'),
  method('ANY', '/files/{path+}'),
  method('GET', '/files/readme'),
]);

test.each<[verb: string, path: string, matched: string, parameters: object]>([
  ['GET', '/', 'GET /', {}],
  ['GET', '//', 'GET /', {}],
  ['GET', '/things', 'GET /things', {}],
  ['GET', '/things/', 'GET /things', {}],
  ['GET', '/things/7', 'GET /things/{id}', { id: '7' }],
  ['GET', '/things/special', 'GET /things/special', {}],
  ['GET', '/things/special/parts/2', 'GET /things/{id}/parts/{part}', { id: 'special', part: '2' }],
  ['GET', '/things/a%2Fb%20%C3%BC', 'GET /things/{id}', { id: 'a/b ü' }],
  ['GET', '/any', 'GET /any', {}],
  ['DELETE', '/any', 'ANY /any', {}],
  ['PUT', '/files/a/b/c.txt', 'ANY /files/{path+}', { path: 'a/b/c.txt' }],
  ['GET', '/files/readme', 'GET /files/readme', {}],
  ['GET', '/files/readme/more', 'ANY /files/{path+}', { path: 'readme/more' }],
])('%s %s goes to %s', (verb, path, matched, parameters) => {
  const match = route(verb, path);
  expect(`${match?.method.verb} ${match?.method.path}`).toBe(matched);
  expect(match?.pathParameters).toEqual(parameters);
});

test.each([
  ['POST', '/things'],
  ['GET', '/nothing'],
  ['GET', '/things/special/deep'],
  ['GET', '/files'],
  ['GET', '/things//parts/2'],
  ['POST', '/files/readme'],
])('%s %s is unknown', (verb, path) => {
  expect(route(verb, path)).toBeUndefined();
});

test.each(['/things/%', '/things/%zz', '/things/%C3%28'])(
  'the path %s, which is not percent-encoded UTF-8, is a bad request',
  (path) => {
    expect(() => route('GET', path)).toThrow(
      expect.objectContaining({ details: { status: 400, message: 'Bad Request' } }),
    );
  },
);
