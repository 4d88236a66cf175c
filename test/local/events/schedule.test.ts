import type { Clock } from '../../../local/events/clock';
import { startSchedules } from '../../../local/events/schedule';
import type { Denial, Resource, Role } from '../../../local/types';
import { allow, localFunction, resource } from '../support';

/** A clock that goes only when a test moves it. */
class FakeClock implements Clock {
  #now = Date.parse('2026-01-01T00:00:00Z');
  readonly #timers = new Set<{ at: number; run: () => void }>();
  now() {
    return this.#now;
  }
  after(milliseconds: number, run: () => void) {
    const timer = { at: this.#now + milliseconds, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }
  move(milliseconds: number) {
    const end = this.#now + milliseconds;
    for (let due = this.#next(end); due; due = this.#next(end)) {
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
    }
    this.#now = end;
  }
  #next(end: number) {
    return [...this.#timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
  }
}

const RULE_ARN = 'arn:aws:events:us-east-1:000000000000:rule/Hourly';
const SCHEDULE_ARN = 'arn:aws:scheduler:us-east-1:000000000000:schedule/default/Nightly';
const MINUTE = 60_000;

function started(resources: (fnArn: string) => Resource[], roles: Role[] = []) {
  const events: unknown[] = [];
  const [denials, reports]: [Denial[], string[]] = [[], []];
  const fn = localFunction('fn', (event) => events.push(event));
  const clock = new FakeClock();
  const schedules = startSchedules({
    resources: resources(fn.arn),
    functions: [fn],
    roles: new Map(roles.map((role) => [role.arn, role])),
    clock,
    onDenied: (denial) => denials.push(denial),
    report: (line) => reports.push(line),
  });
  return { events, denials, reports, clock, schedules, fn };
}

const rule = (Arn: string, target = {}, rest = {}) =>
  resource(
    'AWS::Events::Rule',
    'Hourly',
    { ScheduleExpression: 'rate(1 hour)', Targets: [{ Arn, ...target }], ...rest },
    'Hourly',
    {
      Arn: RULE_ARN,
    },
  );
const permission = (FunctionName: string) =>
  resource('AWS::Lambda::Permission', 'P', {
    Action: 'lambda:InvokeFunction',
    Principal: 'events.amazonaws.com',
    FunctionName,
    SourceArn: RULE_ARN,
  });
const nightly = (Arn: string, target = {}, rest = {}) =>
  resource(
    'AWS::Scheduler::Schedule',
    'Nightly',
    { ScheduleExpression: 'cron(30 1 * * ? *)', Target: { Arn, RoleArn: 'arn:role', ...target }, ...rest },
    'Nightly',
    { Arn: SCHEDULE_ARN },
  );
const mayInvoke = { arn: 'arn:role', statements: [allow('lambda:InvokeFunction', '*')] };

test("a rule fires after each of its periods, with AWS's event", () => {
  const { events, clock } = started((arn) => [rule(arn), permission(arn)]);
  clock.move(59 * MINUTE);
  expect(events).toEqual([]);
  clock.move(2 * 60 * MINUTE);
  expect(events).toHaveLength(2);
  expect(events[0]).toEqual({
    version: '0',
    id: expect.stringMatching(/^[\da-f-]{36}$/),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: '000000000000',
    time: '2026-01-01T01:00:00Z',
    region: 'us-east-1',
    resources: [RULE_ARN],
    detail: {},
  });
});

test('a Scheduler schedule hands over its input with the context in it', () => {
  const Input = '{"at":"<aws.scheduler.scheduled-time>","by":"<aws.scheduler.schedule-arn>"}';
  const { events, clock } = started((arn) => [nightly(arn, { Input })], [mayInvoke]);
  clock.move(2 * 60 * MINUTE);
  expect(events).toEqual([{ at: '2026-01-01T01:30:00Z', by: SCHEDULE_ARN }]);
});

test('a rule without a permission on the function does not invoke it, and that is recorded', async () => {
  const { events, denials, schedules, fn } = started((arn) => [rule(arn)]);
  await expect(schedules.trigger('Hourly')).rejects.toThrow('may not invoke fn');
  expect(events).toEqual([]);
  expect(denials).toEqual([{ principal: 'events.amazonaws.com', action: 'lambda:InvokeFunction', resource: fn.arn }]);
});

test('a schedule whose role may not invoke the function does not invoke it', async () => {
  const { denials, schedules } = started((arn) => [nightly(arn)], [{ arn: 'arn:role', statements: [] }]);
  await expect(schedules.trigger('Nightly')).rejects.toThrow('may not invoke fn');
  expect(denials[0]?.principal).toBe('arn:role');
});

test('a disabled schedule rests, and can still be triggered by hand', async () => {
  const { events, clock, schedules } = started((arn) => [
    rule(arn, { Input: '"hi"' }, { State: 'DISABLED' }),
    permission(arn),
  ]);
  clock.move(5 * 60 * MINUTE);
  expect(events).toEqual([]);
  await schedules.trigger('Hourly');
  expect(events).toEqual(['hi']);
});

test('what passed while the machine slept is left out', () => {
  const { events, clock } = started((arn) => [rule(arn), permission(arn)]);
  const now = clock.now();
  jest.spyOn(clock, 'now').mockImplementation(() => now + 10.5 * 60 * MINUTE);
  clock.move(60 * MINUTE);
  expect(events).toHaveLength(1);
});

test('a stopped host fires nothing', async () => {
  const { events, clock, schedules } = started((arn) => [rule(arn), permission(arn)]);
  await schedules.stop();
  clock.move(24 * 60 * MINUTE);
  expect(events).toEqual([]);
});

test.each([
  ['InputTransformer', (arn: string) => [rule(arn, { InputTransformer: {} })]],
  ['ScheduleExpressionTimezone', (arn: string) => [nightly(arn, {}, { ScheduleExpressionTimezone: 'Europe/Berlin' })]],
  ['no function', () => [rule('arn:aws:sqs:us-east-1:000000000000:queue')]],
])('%s stops the start, naming it', (name, resources) => {
  expect(() => started(resources)).toThrow(name);
});
