import { Logger } from '@aws-lambda-powertools/logger';
import * as fc from 'fast-check';
import { logger } from '../../lambdas/shared/telemetry';

const TRACE = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';

/** What is written to the log meanwhile, its time left out. */
function written(log: () => void): unknown {
  const lines: string[] = [];
  const spy = jest.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  try {
    log();
  } finally {
    spy.mockRestore();
  }
  return lines.map((line) => line.replace(/"timestamp":"[^"]{20,30}"/, '"timestamp":""'));
}

afterEach(() => {
  delete process.env._X_AMZN_TRACE_ID;
});

test.each([undefined, TRACE])('a line is what powertools writes, with the trace %j', (trace) => {
  if (trace !== undefined) process.env._X_AMZN_TRACE_ID = trace;
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
  fc.assert(
    fc.property(fc.string(), fc.dictionary(name, value), (message, fields) => {
      expect(written(() => logger.info(message, fields))).toEqual(written(() => powertools.info(message, fields)));
    }),
  );
});

test('a level above INFO silences it', () => {
  logger.setLogLevel('WARN');
  expect(written(() => logger.info('request', { status: 200 }))).toEqual([]);
  logger.setLogLevel('INFO');
});
