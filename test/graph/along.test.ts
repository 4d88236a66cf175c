import { alongFrom } from '../../lambdas/graph/along';
import { event } from '../support/event';

const VALID = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const along = (headers: Readonly<Record<string, string>>, requestId = 'request-1', forwardHeaders?: string[]) =>
  alongFrom(
    event({ method: 'POST', resource: '/graphql', headers }),
    requestId,
  )(forwardHeaders ? { forwardHeaders } : {});

test("a caller's trace goes through unchanged, with its state", () => {
  expect(along({ TraceParent: VALID, tracestate: 'congo=t61rcWkgMzE' })).toEqual({
    traceparent: VALID,
    tracestate: 'congo=t61rcWkgMzE',
  });
});

test.each([
  ['absent', undefined],
  ['of another version', VALID.replace('00-', '01-')],
  ['without a trace id', VALID.replace(/[0-9a-f]{32}/, '0'.repeat(32))],
  ['without a parent id', VALID.replace(/-[0-9a-f]{16}-/, `-${'0'.repeat(16)}-`)],
  ['in capitals', VALID.toUpperCase()],
  ['longer', `${VALID}-00`],
])('a trace that is %s is made anew of the request, without the old state', (_, traceparent) => {
  const { traceparent: made, ...rest } = along({
    ...(traceparent !== undefined && { traceparent }),
    tracestate: 'a=b',
  });
  expect(made).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(made).not.toBe(traceparent);
  expect(rest).toEqual({});
});

test('a trace that is made is the same for all subgraphs of a request, and another for the next one', () => {
  expect(along({}, 'request-1')).toEqual(along({}, 'request-1'));
  expect(along({}, 'request-1')).not.toEqual(along({}, 'request-2'));
});

test('of the headers of the caller only those go along that were asked for, whatever their spelling', () => {
  const { traceparent, ...rest } = along({ 'Accept-Language': 'de', Authorization: 'Bearer secret' }, 'request-1', [
    'accept-language',
    'x-absent',
  ]);
  expect([rest, traceparent]).toEqual([{ 'accept-language': 'de' }, expect.any(String)]);
});

test.each(['a\nb', 'a\u0000', '日本', 'x'.repeat(4_097)])('a value that cannot be sent is left out: %j', (value) => {
  expect(along({ 'X-A': value }, 'request-1', ['x-a'])).toEqual({ traceparent: expect.any(String) });
});
