import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { Pace } from '../../../local/events/clock';
import type { PooledFunction } from '../../../local/functions/pooled-function';
import { settingsOf } from '../../../local/functions/settings';
import { type Fixture, functionOf, type Heard, nothingHeard, readFixture } from '../fixture/host';

let fixture: Fixture;
let heard: Heard;
const started: PooledFunction[] = [];

beforeAll(() => {
  fixture = readFixture();
});
beforeEach(() => {
  heard = nothingHeard();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((running) => running.stop()));
});
afterAll(() => fixture.remove());

const start = (id: string, pace?: Pace): PooledFunction => {
  const running = functionOf(fixture, id, heard, pace);
  started.push(running);
  return running;
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('a function gives back what its handler returns, and null for nothing', async () => {
  const actor = start('Actor');
  expect(await actor.invoke({ do: 'echo', value: { deep: ['ü', 1, null] } })).toEqual({ deep: ['ü', 1, null] });
  expect(await actor.invoke({ do: 'nothing' })).toBeNull();
});

test('a function sees the clock go at the pace of the host, and has as much time as ever', async () => {
  const day = 86_400_000;
  const hurried = start('Actor', { rate: 1_000_000, sinceMs: Date.now() - 1_000 });
  const [now, date, fixed, isDate] = z
    .tuple([z.number(), z.number(), z.number(), z.boolean()])
    .parse(await hurried.invoke({ do: 'time' }));
  expect(now - Date.now()).toBeGreaterThan(10 * day);
  expect(date).toBeGreaterThanOrEqual(now);
  expect([fixed, isDate]).toEqual([5, true]);
  expect(await hurried.invoke({ do: 'remaining' })).toBeGreaterThan(0);
});

test('a handler may be an ES module', async () => {
  expect(await start('Module').invoke({})).toBe('index.mjs');
});

test('the environment is that of the template and of Lambda, and nothing of the developer', async () => {
  process.env.DEVELOPERS_SECRET = 'visible';
  const actor = start('Actor');
  const environment = await actor.invoke({ do: 'environment' });
  delete process.env.DEVELOPERS_SECRET;
  expect(environment).toEqual({
    QUEUE_URL: expect.stringContaining('FixtureData-Jobs'),
    SECRET_ARN: expect.stringContaining('FixtureData-Key'),
    RATE: '100',
    EAST: 'yes',
    AWS_ACCESS_KEY_ID: actor.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: actor.credentials.secretAccessKey,
    AWS_SESSION_TOKEN: actor.credentials.sessionToken,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
    AWS_USE_DUALSTACK_ENDPOINT: 'false',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
    AWS_LAMBDA_FUNCTION_NAME: actor.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${actor.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    HOME: expect.any(String),
    LAMBDA_TASK_ROOT: expect.stringContaining('asset.'),
    LANG: 'en_US.UTF-8',
    NODE_EXTRA_CA_CERTS: '/nowhere/local-ca.pem',
    NODE_NO_WARNINGS: '1',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    TZ: 'UTC',
    _HANDLER: 'index.handler',
  });
});

test('a handler is told of its function and of the time that it has left', async () => {
  const actor = start('Actor');
  expect(await actor.invoke({ do: 'context' })).toEqual({
    awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    callbackWaitsForEmptyEventLoop: true,
    functionName: actor.name,
    functionVersion: '$LATEST',
    invokedFunctionArn: actor.arn,
    logGroupName: `/aws/lambda/${actor.name}`,
    logStreamName: 'local',
    memoryLimitInMB: '256',
  });
  const remaining = Number(await actor.invoke({ do: 'remaining' }));
  expect(remaining).toBeGreaterThan(1000);
  expect(remaining).toBeLessThanOrEqual(2000);
});

test('an error of the handler arrives with its type, message and trace', async () => {
  await expect(start('Actor').invoke({ do: 'abandon' })).rejects.toMatchObject({
    name: 'FunctionError',
    errorType: 'TypeError',
    message: 'no such thing',
    trace: expect.arrayContaining([expect.stringContaining('index.js')]),
  });
});

test('an environment runs one invocation at a time, and is used again', async () => {
  const actor = start('Actor');
  const [first, second] = await Promise.all([
    actor.invoke({ do: 'sleep', ms: 100 }),
    actor.invoke({ do: 'sleep', ms: 100 }),
  ]);
  expect(first).not.toBe(second);
  expect([first, second]).toContain(await actor.invoke({ do: 'pid' }));
});

test('invocations above the cap wait for their turn', async () => {
  const actor = start('Actor');
  const pids = await Promise.all(Array.from({ length: 9 }, () => actor.invoke({ do: 'sleep', ms: 50 })));
  expect(new Set(pids).size).toBe(4);
});

test('reserved concurrency is the cap', async () => {
  const single = start('Single');
  const pids = await Promise.all(Array.from({ length: 3 }, () => single.invoke({ do: 'sleep', ms: 20 })));
  expect(new Set(pids).size).toBe(1);
});

test('a function that takes too long is stopped, and the next invocation gets a new environment', async () => {
  const single = start('Single');
  const pid = Number(await single.invoke({ do: 'pid' }));
  await expect(single.invoke({ do: 'loop' })).rejects.toMatchObject({
    errorType: 'Sandbox.Timedout',
    message: 'Task timed out after 1.00 seconds',
  });
  expect(await single.invoke({ do: 'count' })).toBe(1);
  expect(isAlive(pid)).toBe(false);
});

test('a process that exits fails its invocation only, those that wait go on', async () => {
  const single = start('Single');
  const [died, waited] = await Promise.allSettled([
    single.invoke({ do: 'exit', status: 3 }),
    single.invoke({ do: 'count' }),
  ]);
  expect(died).toMatchObject({
    reason: { errorType: 'Runtime.ExitError', message: 'Runtime exited with error: exit status 3' },
  });
  expect(waited).toEqual({ status: 'fulfilled', value: 1 });
});

test('a function that needs more memory than it has dies alone', async () => {
  const single = start('Single');
  const settings = { ...fixtureSettings('Single'), memoryMb: 20, timeoutSeconds: 10 };
  single.swap(settings);
  await expect(single.invoke({ do: 'fill' })).rejects.toMatchObject({ errorType: 'Runtime.ExitError' });
});

test('what a handler module throws stops its start, in its own words', async () => {
  await expect(start('Needy').init()).rejects.toMatchObject({ errorType: 'Error', message: 'NEEDED is not set' });
});

test.each([
  ['other.handler', 'Runtime.ImportModuleError', "Cannot find module 'other'"],
  ['index.other', 'Runtime.HandlerNotFound', 'index.other is undefined or not exported'],
])('the handler %s that is not there stops the start', async (handler, errorType, message) => {
  const actor = start('Actor');
  actor.swap({ ...fixtureSettings('Actor'), handler });
  await expect(actor.init()).rejects.toMatchObject({ errorType, message });
});

test('a variable without a value here stops with the names of function, variable and reference', () => {
  expect(() => fixtureSettings('Homeless')).toThrow(
    /^function FixtureApi\/Homeless\w+: WHERE needs Fn::GetAtt Nowhere\.Address \(no such resource\), not known here$/,
  );
});

test('a function without file assets is refused by name', () => {
  const resource = {
    ...fixture.find('AWS::Lambda::Function', 'Actor'),
    id: 'Inline',
    properties: { Code: { ZipFile: '' } },
  };
  expect(() => settingsOf(resource, fixture.assembly, someCredentials, { awsEndpoint: '' })).toThrow(
    'FixtureApi/Inline: its code is not a file asset of this assembly',
  );
});

test('an event or an answer above 6 MB is refused', async () => {
  const actor = start('Actor');
  const mb = 1024 * 1024;
  await expect(actor.invoke({ do: 'count', pad: 'x'.repeat(6 * mb) })).rejects.toMatchObject({
    errorType: 'RequestTooLargeException',
  });
  await expect(actor.invoke({ do: 'bytes', bytes: 6 * mb + 100 })).rejects.toMatchObject({
    errorType: 'Function.ResponseSizeTooLarge',
  });
  expect(await actor.invoke({ do: 'bytes', bytes: 6 * mb })).toHaveLength(6 * mb);
});

test('a function without concurrency is never invoked', async () => {
  const actor = start('Actor');
  actor.swap({ ...fixtureSettings('Actor'), maxEnvironments: 0 });
  await expect(actor.invoke({ do: 'count' })).rejects.toMatchObject({ errorType: 'TooManyRequestsException' });
});

test('each line that a function prints reaches the host with its name', async () => {
  const actor = start('Actor');
  actor.swap({ ...fixtureSettings('Actor'), variables: {} });
  await actor.invoke({ do: 'print', out: 'one\ntwo\n', err: 'three\n' });
  await actor.invoke({ do: 'echo' });
  expect(heard.lines.toSorted()).toEqual([`${actor.name}: one`, `${actor.name}: three`, `${actor.name}: two`]);
});

test('after a swap new invocations run on the new version, those under way end on the old one', async () => {
  const actor = start('Actor');
  const before = await actor.invoke({ do: 'pid' });
  const underWay = actor.invoke({ do: 'sleep', ms: 200 });
  actor.swap({ ...fixtureSettings('Actor'), variables: { VERSION: '2' } });
  expect(await actor.invoke({ do: 'environment' })).toEqual({ VERSION: '2' });
  expect(await underWay).toBe(before);
  expect(await actor.invoke({ do: 'pid' })).not.toBe(before);
  await waitUntil(() => !isAlive(Number(before)));
});

test('a stopped function leaves no process behind, and says so to whoever waits', async () => {
  const single = start('Single');
  await single.init();
  const [pid] = heard.pids;
  const waiting = Promise.allSettled([single.invoke({ do: 'sleep', ms: 900 }), single.invoke({ do: 'count' })]);
  await single.stop();
  expect((await waiting).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(isAlive(Number(pid))).toBe(false);
  expect(heard.pids.size).toBe(0);
});

test('a function ends by itself when its host is killed, whatever it waits for', async () => {
  const environment = join(__dirname, '../../../local/functions/environment.ts');
  const settings = { ...fixtureSettings('Actor'), variables: {} };
  const script = `
    const { Environment } = require(${JSON.stringify(environment)});
    const watch = (pid) => process.stdout.write(String(pid));
    const environment = new Environment(${JSON.stringify(settings)}, { watch, forget() {}, line() {} });
    environment.ready.then(() => {
      environment.run('{"do":"sleep","ms":60000}');
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);
    });`;
  const host = spawn(process.execPath, ['--import', 'tsx', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [[pid]] = await Promise.all([once(host.stdout, 'data'), once(host, 'exit')]);
  await waitUntil(() => !isAlive(Number(pid)));
});

const someCredentials = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' };

const fixtureSettings = (id: string) =>
  settingsOf(fixture.find('AWS::Lambda::Function', id), fixture.assembly, someCredentials, { awsEndpoint: '' });

const waitUntil = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
};
