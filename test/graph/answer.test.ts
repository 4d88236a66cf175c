import { answerOf, mediaTypeOf } from '../../lambdas/graph/answer';
import { RequestError } from '../../lambdas/graph/request-error';
import { event } from '../support/event';

const NEWER = 'application/graphql-response+json';
const OLDER = 'application/json';
const accepting = (accept?: string) =>
  mediaTypeOf(event({ resource: '/graphql', headers: accept === undefined ? {} : { Accept: accept } }));

test.each([
  [undefined, OLDER],
  ['', OLDER],
  ['*/*', OLDER],
  ['application/*', OLDER],
  [OLDER, OLDER],
  [NEWER, NEWER],
  [`${NEWER}, ${OLDER};q=0.9`, NEWER],
  [`${OLDER}, ${NEWER}`, NEWER],
  [`${NEWER};q=0.5, ${OLDER}`, OLDER],
  [`${NEWER};q=0, */*`, OLDER],
  ['Application/GraphQL-Response+JSON; charset=utf-8', NEWER],
  ['text/html, */*;q=0.1', OLDER],
])('who accepts %s gets %s', (accept, expected) => {
  expect(accepting(accept)).toBe(expected);
});

test.each(['text/html', 'multipart/mixed;deferSpec=20220824', 'text/event-stream', `${NEWER};q=0, ${OLDER};q=0`])(
  'who accepts %s alone is told what there is',
  (accept) => {
    expect(() => accepting(accept)).toThrow(NEWER);
  },
);

const error = new RequestError([{ message: 'no' }]);
const limit = new RequestError([{ message: 'too much' }], 'limit');

test.each([
  ['data, in the newer type', answerOf('{"data":null}', NEWER), 200],
  ['data, in the older type', answerOf('{"data":null}', OLDER), 200],
  ['nothing that could be run, in the newer type', answerOf(error, NEWER), 400],
  ['nothing that could be run, in the older type', answerOf(error, OLDER), 200],
  ['more than there may be, in the newer type', answerOf(limit, NEWER), 400],
  ['more than there may be, in the older type', answerOf(limit, OLDER), 400],
])('%s', (_, { status }, expected) => {
  expect(status).toBe(expected);
});
