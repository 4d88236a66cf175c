import { alongFrom } from '../../lambdas/graph/along';
import type { SubgraphSettings } from '../../lambdas/shared/graph/subgraph-settings';
import { event } from '../support/event';

const VALID = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const tokenFor = async (subgraph: string) => `token for ${subgraph}`;
const along = (headers: Readonly<Record<string, string>>, requestId = 'request-1', settings: SubgraphSettings = {}) =>
  alongFrom({ event: event({ method: 'POST', resource: '/graphql', headers }), requestId, tokenFor })('news', settings);

test("a caller's trace goes through unchanged, with its state", async () => {
  expect(await along({ TraceParent: VALID, tracestate: 'congo=t61rcWkgMzE' })).toEqual({
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
])('a trace that is %s is made anew of the request, without the old state', async (_, traceparent) => {
  const { traceparent: made, ...rest } = await along({
    ...(traceparent !== undefined && { traceparent }),
    tracestate: 'a=b',
  });
  expect(made).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(made).not.toBe(traceparent);
  expect(rest).toEqual({});
});

test('a trace that is made is the same for all subgraphs of a request, and another for the next one', async () => {
  expect(await along({}, 'request-1')).toEqual(await along({}, 'request-1'));
  expect(await along({}, 'request-1')).not.toEqual(await along({}, 'request-2'));
});

test.each([
  ['is the id of the trace', 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef', 'c6af9ac67b6111e69a4193e8deadbeef'],
  ['of which half is zeros is no id of a trace', '00000000-0000-0000-9a41-93e8deadbeef', undefined],
])("API Gateway's request id %s", async (_, requestId, id) => {
  const { traceparent = '' } = await along({}, requestId);
  const [, trace, parent] = traceparent.split('-');
  if (id !== undefined) expect(trace).toBe(id);
  expect(trace).not.toMatch(/^0{32}$/);
  expect(parent).not.toMatch(/^0{16}$/);
});

test('of the headers of the caller only those go along that were asked for, whatever their spelling', async () => {
  const { traceparent, ...rest } = await along(
    { 'Accept-Language': 'de', Authorization: 'Bearer secret' },
    'request-1',
    { forwardHeaders: ['accept-language', 'x-absent'] },
  );
  expect([rest, traceparent]).toEqual([{ 'accept-language': 'de' }, expect.any(String)]);
});

test.each(['a\nb', 'a\u0000', '日本', 'x'.repeat(4_097)])(
  'a value that cannot be sent is left out: %j',
  async (value) => {
    expect(await along({ 'X-A': value }, 'request-1', { forwardHeaders: ['x-a'] })).toEqual({
      traceparent: expect.any(String),
    });
  },
);

test('who wants to know who asks is sent a token for it alone', async () => {
  expect(await along({}, 'request-1', { principal: true })).toMatchObject({
    'x-gatehouse-principal': 'token for news',
  });
  expect(await along({})).not.toHaveProperty('x-gatehouse-principal');
});
