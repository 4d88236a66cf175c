/**
 * AWS's six fields: minutes hours day-of-month month day-of-week year.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
 */
interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: readonly number[];
  readonly years: readonly number[];
  /** Whether a day (UTC) is one of those meant. */
  readonly isDay: (day: Date) => boolean;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

interface Range {
  readonly from: number;
  readonly to: number;
  /** Names that stand for numbers, the first for `from`. */
  readonly names?: readonly string[];
}

const FIELDS = {
  minutes: { from: 0, to: 59 },
  hours: { from: 0, to: 23 },
  daysOfMonth: { from: 1, to: 31 },
  months: { from: 1, to: 12, names: MONTHS },
  daysOfWeek: { from: 1, to: 7, names: WEEKDAYS },
  years: { from: 1970, to: 2199 },
} as const;

const sequence = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.max(0, Math.floor((to - from) / step) + 1) }, (_, index) => from + index * step);

function valueOf(word: string, { from, to, names = [] }: Range): number {
  const named = names.indexOf(word.toUpperCase());
  const value = named >= 0 ? named + from : Number(/^\d+$/.test(word) ? word : NaN);
  if (!(value >= from && value <= to)) throw new Error(`${word} is not between ${from} and ${to}`);
  return value;
}

/** `*`, `5`, `1-5`, `0/15`, `1-30/5`; a range may run over the end, as FRI-MON does. */
function part(word: string, range: Range): readonly number[] {
  const [, base = '', step] = /^([^/]+)(?:\/(\d+))?$/.exec(word) ?? [];
  const by = step === undefined ? 1 : Number(step);
  if (by < 1) throw new Error(`${word} has no step`);
  if (base === '*') return sequence(range.from, range.to, by);
  const [first = '', last] = base.split('-');
  const from = valueOf(first, range);
  if (last === undefined) return step === undefined ? [from] : sequence(from, range.to, by);
  const to = valueOf(last, range);
  return to >= from ? sequence(from, to, by) : [...sequence(from, range.to, by), ...sequence(range.from, to, by)];
}

const parts = (field: string, range: Range) =>
  [...new Set(field.split(',').flatMap((word) => part(word, range)))].toSorted((a, b) => a - b);

const utc = (year: number, month: number, day: number) => new Date(Date.UTC(year, month, day));
const lastOf = (day: Date) => utc(day.getUTCFullYear(), day.getUTCMonth() + 1, 0).getUTCDate();

/** `15W`: the working day nearest to the 15th, in the same month. */
function nearestWorkingDay(day: Date, wanted: number): number {
  const last = lastOf(day);
  const near = utc(day.getUTCFullYear(), day.getUTCMonth(), Math.min(wanted, last));
  const date = near.getUTCDate();
  if (near.getUTCDay() === 6) return date > 1 ? date - 1 : date + 2;
  if (near.getUTCDay() === 0) return date < last ? date + 1 : date - 2;
  return date;
}

function dayOfMonth(field: string): Cron['isDay'] {
  if (field === 'L') return (day) => day.getUTCDate() === lastOf(day);
  if (field === 'LW') return (day) => day.getUTCDate() === nearestWorkingDay(day, lastOf(day));
  const [, working] = /^(\d+)W$/.exec(field) ?? [];
  if (working !== undefined) {
    const wanted = valueOf(working, FIELDS.daysOfMonth);
    return (day) => day.getUTCDate() === nearestWorkingDay(day, wanted);
  }
  const dates = new Set(parts(field, FIELDS.daysOfMonth));
  return (day) => dates.has(day.getUTCDate());
}

/** `L` alone is Saturday, `5L` the last Thursday, `3#2` the second Tuesday of the month. */
function dayOfWeek(field: string): Cron['isDay'] {
  const weekday = (word: string) => valueOf(word, FIELDS.daysOfWeek) - 1;
  const [, lastWord] = /^(\w+)L$/.exec(field) ?? [];
  if (lastWord !== undefined) {
    const wanted = weekday(lastWord);
    return (day) => day.getUTCDay() === wanted && day.getUTCDate() + 7 > lastOf(day);
  }
  const [, word = '', nth] = /^(\w+)#([1-5])$/.exec(field) ?? [];
  if (nth !== undefined) {
    const wanted = weekday(word);
    return (day) => day.getUTCDay() === wanted && Math.ceil(day.getUTCDate() / 7) === Number(nth);
  }
  const days = new Set(field === 'L' ? [7] : parts(field, FIELDS.daysOfWeek));
  return (day) => days.has(day.getUTCDay() + 1);
}

function parseCron(expression: string): Cron {
  const [minutes = '', hours = '', monthDay = '', month = '', weekDay = '', year = '', ...rest] = expression
    .trim()
    .split(/\s+/);
  if (year === '' || rest.length > 0) throw new Error('it needs six fields');
  if ((monthDay === '?') === (weekDay === '?')) throw new Error('one of day-of-month and day-of-week must be ?');
  return {
    minutes: parts(minutes, FIELDS.minutes),
    hours: parts(hours, FIELDS.hours),
    months: parts(month, FIELDS.months),
    years: parts(year, FIELDS.years),
    isDay: weekDay === '?' ? dayOfMonth(monthDay) : dayOfWeek(weekDay),
  };
}

/** The first time of a day that lies after `after`. */
function timeOn(day: Date, cron: Cron, after: Date): Date | undefined {
  for (const hour of cron.hours) {
    for (const minute of cron.minutes) {
      const at = new Date(day.getTime() + (hour * 60 + minute) * 60_000);
      if (at > after) return at;
    }
  }
  return undefined;
}

function nextCron(cron: Cron, after: Date): Date | undefined {
  const end = (cron.years.at(-1) ?? 0) + 1;
  let day = utc(after.getUTCFullYear(), after.getUTCMonth(), after.getUTCDate());
  while (day.getUTCFullYear() < end) {
    const [year, month] = [day.getUTCFullYear(), day.getUTCMonth()];
    const inMonth = cron.years.includes(year) && cron.months.includes(month + 1);
    const at = inMonth && cron.isDay(day) ? timeOn(day, cron, after) : undefined;
    if (at) return at;
    day = inMonth ? utc(year, month, day.getUTCDate() + 1) : utc(year, month + 1, 1);
  }
  return undefined;
}

const UNIT_MILLISECONDS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * Reads `rate(5 minutes)` and `cron(0 10 ? * MON-FRI *)`, in UTC.
 * @returns the next time after a given one; undefined when there is none
 * @throws Error that says what is wrong with the expression
 */
export function parseSchedule(expression: string): (after: Date) => Date | undefined {
  const [, kind, inner = ''] = /^(rate|cron)\((.*)\)$/.exec(expression.trim()) ?? [];
  try {
    if (kind === 'cron') {
      const cron = parseCron(inner);
      return (after) => nextCron(cron, after);
    }
    const [, count, unit = '', plural] = /^(\d+) (minute|hour|day)(s?)$/.exec(inner.trim()) ?? [];
    const period = Number(count) * (UNIT_MILLISECONDS[unit] ?? NaN);
    if (kind === 'rate' && period > 0 && (Number(count) === 1) === (plural === '')) {
      return (after) => new Date(after.getTime() + period);
    }
  } catch (error) {
    throw new Error(`Schedule ${expression}: ${error instanceof Error ? error.message : String(error)}.`, {
      cause: error,
    });
  }
  throw new Error(`Schedule ${expression} is not a rate or cron expression.`);
}
