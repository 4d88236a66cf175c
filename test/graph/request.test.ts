import { CLIENT_NAMES, COST_HEADER, graphRequestsOf, NOT_SIMPLE } from '../../lambdas/graph/request';
import { Refusal } from '../../lambdas/shared/errors';
import { ALLOWED } from '../../lambdas/shared/http/cors';
import { event } from '../support/event';

const JSON_TYPE = { 'content-type': 'application/json' };
const POST = { method: 'POST', headers: JSON_TYPE } as const;
const GET = { method: 'GET', headers: { Authorization: 'Bearer t' } } as const;
const HASH = 'a'.repeat(64);
const persisted = (sha256Hash: string) => ({ persistedQuery: { version: 1, sha256Hash } });
const asked = {
  query: '{ hello }',
  variables: {},
  operationName: undefined,
  hash: undefined,
  documentId: undefined,
  client: undefined,
};

const read = (request: Partial<Parameters<typeof event>[0]>) =>
  graphRequestsOf(event({ resource: '/graphql', ...POST, ...request })).requests[0];
const posted = (body: unknown) => ({ body: JSON.stringify(body) });

test.each([
  [
    'a body',
    posted({ query: '{ hello }', variables: { a: 1 }, operationName: 'Q' }),
    { ...asked, variables: { a: 1 }, operationName: 'Q' },
  ],
  ['a body in base64', { base64: true, body: Buffer.from('{"query":"{ hello }"}').toString('base64') }, asked],
  [
    'nulls for what is not given',
    posted({ query: '{ hello }', variables: null, operationName: null, extensions: null }),
    asked,
  ],
  ['a name of nothing, which is none', posted({ query: '{ hello }', operationName: '' }), asked],
  [
    'a content type with a character set',
    { ...posted({ query: '{ hello }' }), headers: { 'Content-Type': 'application/json; charset=utf-8' } },
    asked,
  ],
  ['members that nobody knows', posted({ query: '{ hello }', clientName: 'x', extensions: { trace: true } }), asked],
  [
    'a hash in place of a document',
    posted({ extensions: persisted(HASH) }),
    { ...asked, query: undefined, hash: HASH },
  ],
  [
    'a GET',
    { ...GET, query: { query: '{ hello }', variables: '{"a":1}', operationName: 'Q' } },
    { ...asked, variables: { a: 1 }, operationName: 'Q', isGet: true },
  ],
  ['a name in place of a document', posted({ documentId: 'cart' }), { ...asked, query: undefined, documentId: 'cart' }],
  ['a hash as such a name', posted({ documentId: `sha256:${HASH}` }), { ...asked, query: undefined, documentId: HASH }],
  [
    'the name of its client, cut short',
    { ...posted({ query: '{ hello }' }), headers: { ...JSON_TYPE, 'ApolloGraphQL-Client-Name': 'w'.repeat(200) } },
    { ...asked, client: 'w'.repeat(100) },
  ],
  [
    'a GET by name',
    { ...GET, query: { documentId: 'cart' } },
    { ...asked, query: undefined, documentId: 'cart', isGet: true },
  ],
  [
    'a GET by hash',
    { ...GET, query: { extensions: JSON.stringify(persisted(HASH)) } },
    { ...asked, query: undefined, hash: HASH, isGet: true },
  ],
] as const)('what a request asks is read from %s', (_, request, expected) => {
  expect(read(request)).toEqual({ isGet: false, wantsCost: false, ...expected });
});

test.each([
  ['no body', {}, 'bad_request', 'is not JSON'],
  ['no JSON', { body: '{' }, 'bad_request', 'is not JSON'],
  ['a list of nothing', posted([]), 'bad_request', '1 to 20'],
  ['a list with what is no request', posted([{ query: '{ hello }' }, {}]), 'bad_request', 'body[1]: query is missing'],
  ['a text for a body', posted('{ hello }'), 'bad_request', 'object'],
  ['no query', posted({ variables: {} }), 'bad_request', 'query is missing'],
  ['a query and a name', posted({ query: '{ a }', documentId: 'a' }), 'bad_request', 'not both'],
  ['a name that is none', posted({ documentId: 'a b' }), 'bad_request', 'documentId'],
  ['a query that is no text', posted({ query: 1 }), 'bad_request', 'query'],
  ['variables that are a list', posted({ query: '{ a }', variables: [1] }), 'bad_request', 'variables'],
  ['a hash that is none', posted({ extensions: persisted('x') }), 'bad_request', 'sha256Hash'],
  ['extensions that are a text', posted({ query: '{ a }', extensions: 'x' }), 'bad_request', 'extensions'],
  [
    'a form',
    { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'query={a}' },
    'unsupported_media_type',
    'application/json',
  ],
  [
    'an upload',
    { headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: '--x--' },
    'unsupported_media_type',
    'application/json',
  ],
  [
    'bare GraphQL',
    { headers: { 'content-type': 'application/graphql' }, body: '{ a }' },
    'unsupported_media_type',
    'application/json',
  ],
  ['no content type', { headers: {}, ...posted({ query: '{ a }' }) }, 'unsupported_media_type', 'application/json'],
  ['more than 256 KiB', posted({ query: '#'.repeat(300_000) }), 'too_large', '262144'],
  ['a GET without a query', { ...GET, query: {} }, 'bad_request', 'query is missing'],
  [
    'a GET whose variables are no JSON',
    { ...GET, query: { query: '{ a }', variables: 'no' } },
    'bad_request',
    'variables',
  ],
  [
    'a GET with nothing that a page could not send',
    { ...GET, headers: {}, query: { query: '{ a }' } },
    'bad_request',
    'CSRF',
  ],
] as const)('%s is refused as any route refuses it', (_, request, code, detail) => {
  let refused: unknown;
  try {
    read(request);
  } catch (error) {
    refused = error;
  }
  expect(refused).toBeInstanceOf(Refusal);
  expect(refused).toMatchObject({ code, message: expect.stringContaining(detail) });
});

test('a page of another origin may send every header that is read', () => {
  expect(ALLOWED).toEqual(expect.arrayContaining([...CLIENT_NAMES, ...NOT_SIMPLE, COST_HEADER]));
});
