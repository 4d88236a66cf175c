/**
 * One line of JSON in the shape of the logger that other functions use (telemetry.ts), for code on an authorizer's cold
 * path: that logger takes 10 ms to load and writes nothing that an authorizer needs beyond this.
 */
export function logLine(level: 'INFO' | 'WARN', message: string, fields: Readonly<Record<string, unknown>>): void {
  const { error, ...rest } = fields;
  const failure = error === undefined ? {} : { error: error instanceof Error ? error.message : 'unknown failure' };
  const line = { level, message, timestamp: new Date().toISOString(), service: 'gatehouse', ...rest, ...failure };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
