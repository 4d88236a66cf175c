import { Logger } from '@aws-lambda-powertools/logger';
import * as fc from 'fast-check';
import { logger } from '../../lambdas/shared/telemetry';

const TRACE = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
const VARIABLE = '_X_AMZN_TRACE_ID';
const LEVEL = 'POWERTOOLS_LOG_LEVEL';

/** What is written to the log meanwhile, its time left out. */
async function written(log: () => void): Promise<unknown> {
  const lines: string[] = [];
  const spies = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation((text) => lines.push(String(text)) > 0),
  );
  try {
    log();
    // What is no plain line is written by powertools, which is loaded first.
    await new Promise(setImmediate);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return lines.map((line) => line.replace(/"timestamp":"[^"]{20,30}"/, '"timestamp":""'));
}

afterEach(() => {
  delete process.env[VARIABLE];
  delete process.env[LEVEL];
});

test.each([undefined, '', 'Root', TRACE])('a line is what powertools writes, with the trace %j', async (trace) => {
  if (trace !== undefined) process.env[VARIABLE] = trace;
  const powertools = new Logger({ serviceName: 'gatehouse' });
  const name = fc.oneof(fc.constantFrom('requestId', 'status', 'principal'), fc.stringMatching(/^[a-z_]{1,9}$/));
  const value = fc.oneof(
    fc.constantFrom(undefined, null, ''),
    fc.string({ unit: 'binary' }),
    fc.integer(),
    fc.boolean(),
    fc.array(fc.string(), { maxLength: 2 }),
    fc.constant(new Error('no')),
  );
  const level = fc.constantFrom('info', 'warn', 'error');
  await fc.assert(
    fc.asyncProperty(level, fc.string(), fc.dictionary(name, value), async (at, message, fields) => {
      const expected = await written(() => powertools[at](message, fields));
      expect(await written(() => logger[at](message, fields))).toEqual(expected);
    }),
  );
});

test('a level above INFO silences it', async () => {
  process.env[LEVEL] = 'WARN';
  jest.resetModules();
  const { logger: quiet } = await import('../../lambdas/shared/telemetry');
  expect(await written(() => quiet.info('request', { status: 200 }))).toEqual([]);
  expect(await written(() => quiet.warn('request', { status: 200 }))).toHaveLength(1);
});
