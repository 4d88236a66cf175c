import { platformRoutes } from '../../lambdas/platform/contract';
import { metricsText } from '../../lambdas/platform/metrics';
import { principal } from '../support/event';
import { ask } from '../support/handled';
import { captureOutput } from '../support/output';
import { platformHandler } from '../support/platform';

captureOutput();
const BUILD = { version: '1.2.3', stage: 'test' };
const text = () =>
  metricsText(
    BUILD,
    [
      { name: 'postgres', needed: true, state: 'up', latencyMs: 12 },
      { name: 'redis', needed: true, state: 'down', latencyMs: 1000 },
    ],
    true,
  );

/** The exposition format, as its specification has it: `# HELP`, `# TYPE`, then samples of one family. */
const HELP = /^# HELP (\w+) \S.*\.$/;
const TYPE = /^# TYPE (\w+) gauge$/;
const SAMPLE = /^(\w+)(\{\w+="[^"\\\n]*"(,\w+="[^"\\\n]*")*\})? -?\d+(\.\d+)?(e[+-]?\d+)?$/;

const named = (lines: readonly string[], form: RegExp) =>
  lines.flatMap((line) => {
    const name = form.exec(line)?.[1];
    return name === undefined ? [] : [name];
  });

test('every family has one help, one type and its samples, in this order', async () => {
  const lines = (await text()).split('\n').filter(Boolean);
  const families = named(lines, HELP);
  expect(families.length).toBeGreaterThan(3);
  expect(new Set(families).size).toBe(families.length);
  expect(named(lines, TYPE)).toEqual(families);
  expect([...new Set(named(lines, SAMPLE))]).toEqual(families);
  expect(lines.filter((line) => ![HELP, TYPE, SAMPLE].some((form) => form.test(line)))).toEqual([]);
});

test('no series is given twice', async () => {
  const series = (await text()).split('\n').flatMap((line) => (SAMPLE.test(line) ? [line.split(' ')[0]] : []));
  expect(new Set(series).size).toBe(series.length);
});

test('names carry their base unit, and only counters end in _total', async () => {
  const families = named((await text()).split('\n'), HELP);
  expect(families.filter((name) => !/^gatehouse_.*(_info|_up|_seconds|_bytes)$/.test(name))).toEqual([]);
});

test('a text ends with a line feed, as a scraper asks', async () => {
  expect((await text()).endsWith('\n')).toBe(true);
});

test('states and latencies are those of the probes, in seconds', async () => {
  const lines = await text();
  expect(lines).toContain('gatehouse_build_info{version="1.2.3",stage="test"} 1\n');
  expect(lines).toContain('gatehouse_dependency_up{dependency="postgres"} 1\n');
  expect(lines).toContain('gatehouse_dependency_up{dependency="redis"} 0\n');
  expect(lines).toContain('gatehouse_dependency_latency_seconds{dependency="postgres"} 0.012\n');
});

test('a scrape works while dependencies are down: that is when it is needed', async () => {
  const down = { name: 'redis', needed: true, check: () => Promise.reject(new Error('gone')) };
  const caller = { resource: platformRoutes.getMetrics.path, principal: principal('api_user') };
  const first = await ask(platformHandler('', down), caller);
  expect(first).toMatchObject({
    status: 200,
    headers: { 'content-type': expect.stringMatching(/^text\/plain; version=0\.0\.4/) },
  });
  expect(first.text).toContain('gatehouse_dependency_up{dependency="redis"} 0');
});
