import { parseSchedule } from '../../../local/events/cron';

/** Times as a schedule gives them one after the other, to the minute. */
function times(expression: string, after: string, count = 2): string[] {
  const next = parseSchedule(expression);
  const found: string[] = [];
  for (let at = next(new Date(after)); at && found.length < count; at = next(at))
    found.push(at.toISOString().slice(0, 16));
  return found;
}

test.each([
  ['every day at ten', 'cron(0 10 * * ? *)', ['2026-01-01T10:00', '2026-01-02T10:00']],
  ['weekdays by name', 'cron(15 12 ? * MON-FRI *)', ['2026-01-01T12:15', '2026-01-02T12:15']],
  ['every 15 minutes', 'cron(0/15 * * * ? *)', ['2026-01-01T00:15', '2026-01-01T00:30']],
  ['within hours of weekdays', 'cron(0/30 20-2 ? * 2-6 *)', ['2026-01-01T00:30', '2026-01-01T01:00']],
  ['the first of the month', 'cron(0 8 1 * ? *)', ['2026-01-01T08:00', '2026-02-01T08:00']],
  ['a list of months', 'cron(0 0 1 MAR,jun ? *)', ['2026-03-01T00:00', '2026-06-01T00:00']],
  ['the last day of the month', 'cron(0 0 L * ? *)', ['2026-01-31T00:00', '2026-02-28T00:00']],
  ['the working day nearest the 1st, in its month', 'cron(0 0 1W * ? *)', ['2026-02-02T00:00', '2026-03-02T00:00']],
  ['the working day nearest the 15th', 'cron(0 0 15W * ? *)', ['2026-01-15T00:00', '2026-02-16T00:00']],
  ['the last working day', 'cron(0 0 LW * ? *)', ['2026-01-30T00:00', '2026-02-27T00:00']],
  ['the last Thursday', 'cron(0 0 ? * 5L *)', ['2026-01-29T00:00', '2026-02-26T00:00']],
  ['the second Tuesday', 'cron(0 0 ? * 3#2 *)', ['2026-01-13T00:00', '2026-02-10T00:00']],
  ['Saturdays by L', 'cron(0 0 ? * L *)', ['2026-01-03T00:00', '2026-01-10T00:00']],
  ['weekends over the end of the week', 'cron(0 0 ? * SAT-SUN *)', ['2026-01-03T00:00', '2026-01-04T00:00']],
  ['leap days', 'cron(0 0 29 2 ? *)', ['2028-02-29T00:00', '2032-02-29T00:00']],
  ['years', 'cron(0 0 1 1 ? 2027,2029)', ['2027-01-01T00:00', '2029-01-01T00:00']],
  ['a year that is over', 'cron(0 0 1 1 ? 2020)', []],
  ['a day that no month has', 'cron(0 0 31 2 ? *)', []],
  ['a rate', 'rate(5 minutes)', ['2026-01-01T00:05', '2026-01-01T00:10']],
  ['a rate of one', 'rate(1 day)', ['2026-01-02T00:00', '2026-01-03T00:00']],
])('%s: %s', (_, expression, expected) => {
  expect(times(expression, '2026-01-01T00:00:00Z')).toEqual(expected);
});

test.each([
  ['rate(1 minutes)', 'rate'],
  ['rate(5 minute)', 'rate'],
  ['rate(0 minutes)', 'rate'],
  ['cron(0 10 * * *)', 'six fields'],
  ['cron(0 10 * * * *)', 'must be ?'],
  ['cron(0 10 ? * ? *)', 'must be ?'],
  ['cron(60 10 * * ? *)', '60'],
  ['cron(0 10 ? * FUNDAY *)', 'FUNDAY'],
  ['cron(0/0 10 * * ? *)', 'step'],
  ['at(2026-01-01T00:00:00)', 'not a rate or cron'],
])('%s is refused, saying why', (expression, why) => {
  expect(() => parseSchedule(expression)).toThrow(why);
});
