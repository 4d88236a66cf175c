import { SubgraphAway, type SubgraphNews, withBreakers } from '../../lambdas/graph/subgraph-breaker';
import { subgraphs } from '../../lambdas/graph/subgraphs';
import { openSend } from '../../lambdas/shared/http/send';
import { logger } from '../../lambdas/shared/telemetry';
import { listen, type TestServer } from '../support/http';

const identity = { region: 'us-east-1', accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: undefined };
const log = jest.spyOn(logger, 'error').mockImplementation(() => undefined);

type Answer = 'right' | 'silence' | 'reset' | 'html' | 'errors' | number;

interface Service extends TestServer {
  answer: Answer;
  requests: number;
}

const services: Service[] = [];
afterEach(() => Promise.all(services.splice(0).map((service) => service.stop())));

async function start(answer: Answer): Promise<Service> {
  const server = await listen((request, response) => {
    service.requests += 1;
    const now = service.answer;
    if (now === 'reset') request.socket.destroy();
    else if (now === 'html') response.end('<html>');
    else if (now === 'errors') response.end('{"errors":[{"message":"no","extensions":{"code":"NO"}}]}');
    else if (typeof now === 'number') response.writeHead(now).end('{}');
    else if (now === 'right') response.end('{"data":{"n":1}}');
  });
  const service: Service = { ...server, answer, requests: 0 };
  services.push(service);
  return service;
}

/** The graph's way to its subgraphs, on a clock of its own. */
function given() {
  const clock = { nowMs: 0 };
  const news: string[] = [];
  const tell = (subgraph: string, { state }: SubgraphNews) => void news.push(`${subgraph} ${state}`);
  const sent = openSend({ identity, signedUrls: [], privateTargets: true });
  const send = withBreakers(sent, { nowMs: () => clock.nowMs, tell });
  const ask = ({ url }: TestServer, subgraph = 'a') =>
    send({ subgraph, url, body: '{}', requestId: 'request-1', repeatable: false, timeoutMs: 100 }).then(
      () => 'answered',
      (error: unknown) => (error instanceof SubgraphAway ? 'away' : 'failed'),
    );
  const times = async (count: number, service: Service) => {
    const results: string[] = [];
    for (let call = 0; call < count; call += 1) results.push(await ask(service));
    return results;
  };
  return { clock, news, send, ask, times };
}

test.each<Answer>(['silence', 'reset', 'html', 500, 503, 429])(
  'after three times %s in a row a subgraph is not asked any more',
  async (answer) => {
    const service = await start(answer);
    const { times, news } = given();
    expect(await times(5, service)).toEqual(['failed', 'failed', 'failed', 'away', 'away']);
    expect(service.requests).toBe(3);
    expect(news).toEqual(['a away']);
  },
);

test.each<Answer>(['errors', 400, 403])('%s is an answer: it is asked on', async (answer) => {
  const service = await start(answer);
  const { times, news } = given();
  await times(6, service);
  expect([service.requests, news]).toEqual([6, []]);
});

test('failures with an answer between them are not in a row', async () => {
  const service = await start(500);
  const { times } = given();
  await times(2, service);
  service.answer = 'right';
  await times(1, service);
  service.answer = 500;
  expect(await times(3, service)).toEqual(['failed', 'failed', 'failed']);
});

test('while it is away one request in a pause is sent, and the pause grows to thirty seconds', async () => {
  const service = await start(500);
  const { clock, times, news } = given();
  await times(4, service);
  const pausesMs: number[] = [];
  for (let probe = 0; probe < 8; probe += 1) {
    const beganMs = clock.nowMs;
    while ((await times(1, service))[0] === 'away') clock.nowMs += 500;
    pausesMs.push(clock.nowMs - beganMs);
  }
  expect(pausesMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  expect(news).toHaveLength(9);
});

test('the first answer closes it, and the next pause is short again', async () => {
  const service = await start(500);
  const { clock, times, news } = given();
  await times(3, service);
  clock.nowMs = 1_000;
  service.answer = 'right';
  expect(await times(3, service)).toEqual(['answered', 'answered', 'answered']);
  service.answer = 500;
  await times(3, service);
  clock.nowMs = 2_000;
  expect(await times(1, service)).toEqual(['failed']);
  expect(news).toEqual(['a away', 'a back', 'a away', 'a away']);
});

test('of requests at the same time one alone finds out', async () => {
  const service = await start(500);
  const { clock, times, ask } = given();
  await times(3, service);
  clock.nowMs = 1_000;
  const results = await Promise.all(Array.from({ length: 10 }, () => ask(service)));
  expect(results.toSorted()).toEqual([...Array.from({ length: 9 }, () => 'away'), 'failed']);
  expect(service.requests).toBe(4);
});

test('the others are asked as ever, and one at another address is given another chance', async () => {
  const [broken, other] = [await start(500), await start('right')];
  const { times, ask } = given();
  await times(3, broken);
  expect(await ask(other, 'b')).toBe('answered');
  expect(await ask(broken)).toBe('away');
  expect(await ask(other)).toBe('answered');
});

test('what is not asked is null with an error that names it, and no line in the log', async () => {
  const service = await start(500);
  const { send, times } = given();
  await times(3, service);
  log.mockClear();
  const ask = subgraphs({ urls: { a: service.url } }, send)({ requestId: 'request-1', repeatable: true });
  expect(await ask('a', '{}')).toEqual({
    errors: [{ message: 'The subgraph a could not answer.', extensions: { code: 'SUBGRAPH_UNAVAILABLE' } }],
    isAway: true,
  });
  expect(log).not.toHaveBeenCalled();
});
