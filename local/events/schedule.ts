import { randomUUID } from 'node:crypto';
import { ACCOUNT, REGION } from '../aws/arn';
import { evaluate } from '../aws/iam';
import { invokePermissions } from '../aws/permissions';
import { list, object, parseJson, text } from '../json';
import type { Denial, LocalFunction, Resource, Role, Running } from '../types';
import { type Clock, every } from './clock';
import { parseSchedule } from './cron';

export interface ScheduleOptions {
  readonly resources: readonly Resource[];
  readonly functions: readonly LocalFunction[];
  readonly roles: ReadonlyMap<string, Role>;
  readonly clock: Clock;
  readonly onDenied: (denial: Denial) => void;
  /** Says that an invocation failed: nobody waits for its answer. */
  readonly report: (line: string) => void;
}

export interface Schedules extends Running {
  /** Every schedule's logical id with its expression, also of those that are disabled. */
  readonly expressions: ReadonlyMap<string, string>;
  /** Invokes a schedule's functions now. Rejects for an unknown id, a denied invocation or a failing function. */
  trigger(id: string): Promise<void>;
}

/** One function that a schedule invokes. */
interface Target {
  readonly fn: LocalFunction;
  readonly eventAt: (at: Date) => unknown;
  /** Whom AWS would invoke it as, when that one may not. */
  readonly denied: () => Denial | undefined;
}

interface Schedule {
  readonly id: string;
  readonly expression: string;
  readonly isEnabled: boolean;
  readonly targets: readonly Target[];
}

/** AWS writes times without milliseconds. */
const isoSeconds = (at: Date) => at.toISOString().replace(/\.\d+/, '');

const scheduledEvent = (source: string, arn: string, at: Date, detail: unknown) => ({
  version: '0',
  id: randomUUID(),
  'detail-type': 'Scheduled Event',
  source,
  account: ACCOUNT,
  time: isoSeconds(at),
  region: REGION,
  resources: [arn],
  detail,
});

/** What the host does not do must not pass silently. */
function refuse(
  { stack, id }: Resource,
  properties: Readonly<Record<string, unknown>>,
  names: readonly string[],
): void {
  const found = names.find((name) => properties[name] !== undefined);
  if (found) throw new Error(`${stack}/${id}: ${found} is not emulated by the local host.`);
}

function functionOf(resource: Resource, arn: unknown, functions: readonly LocalFunction[]): LocalFunction {
  const fn = functions.find((each) => each.arn === arn);
  if (!fn)
    throw new Error(`${resource.stack}/${resource.id}: its target ${String(arn)} is no function of the templates.`);
  return fn;
}

const denial = (principal: string, { arn }: LocalFunction): Denial => ({
  principal,
  action: 'lambda:InvokeFunction',
  resource: arn,
});

/** AWS::Events::Rule, invoked by virtue of the function's resource policy. */
function rule(resource: Resource, { functions, resources }: ScheduleOptions): Schedule {
  const arn = resource.attribute('Arn');
  const permits = invokePermissions(resources);
  const target = (value: unknown): Target => {
    const properties = object(value);
    refuse(resource, properties, ['InputPath', 'InputTransformer']);
    const fn = functionOf(resource, properties.Arn, functions);
    const input = text(properties.Input);
    const need = denial('events.amazonaws.com', fn);
    return {
      fn,
      eventAt: (at) => (input === undefined ? scheduledEvent('aws.events', arn, at, {}) : parseJson(input)),
      denied: () => (permits({ ...need, sourceArn: arn }) ? undefined : need),
    };
  };
  return {
    id: resource.id,
    expression: String(resource.properties.ScheduleExpression),
    isEnabled: (resource.properties.State ?? 'ENABLED') !== 'DISABLED',
    targets: list(resource.properties.Targets).map(target),
  };
}

/** The words in angle brackets that Scheduler replaces in an input. */
const withContext = (input: string, arn: string, at: Date) =>
  input
    .replaceAll('<aws.scheduler.schedule-arn>', arn)
    .replaceAll('<aws.scheduler.scheduled-time>', isoSeconds(at))
    .replaceAll('<aws.scheduler.execution-id>', randomUUID())
    .replaceAll('<aws.scheduler.attempt-number>', '1');

/** AWS::Scheduler::Schedule, which invokes as the role of its target. */
function schedulerSchedule(resource: Resource, { functions, roles }: ScheduleOptions): Schedule {
  const arn = resource.attribute('Arn');
  refuse(resource, resource.properties, ['ScheduleExpressionTimezone', 'StartDate', 'EndDate']);
  const target = object(resource.properties.Target);
  const fn = functionOf(resource, target.Arn, functions);
  const role = roles.get(String(target.RoleArn));
  const input = text(target.Input);
  const need = { action: 'lambda:InvokeFunction', resource: fn.arn };
  return {
    id: resource.id,
    expression: String(resource.properties.ScheduleExpression),
    isEnabled: (resource.properties.State ?? 'ENABLED') !== 'DISABLED',
    targets: [
      {
        fn,
        eventAt: (at) =>
          input === undefined ? scheduledEvent('aws.scheduler', arn, at, '{}') : parseJson(withContext(input, arn, at)),
        denied: () =>
          role && evaluate(role.statements, need) === 'allowed'
            ? undefined
            : denial(role?.arn ?? 'scheduler.amazonaws.com', fn),
      },
    ],
  };
}

function schedulesIn(options: ScheduleOptions): readonly Schedule[] {
  return options.resources.flatMap((resource) => {
    if (resource.type === 'AWS::Scheduler::Schedule') return [schedulerSchedule(resource, options)];
    const isSchedule = resource.type === 'AWS::Events::Rule' && resource.properties.ScheduleExpression !== undefined;
    return isSchedule ? [rule(resource, options)] : [];
  });
}

async function invoke({ fn, denied, eventAt }: Target, at: Date, onDenied: ScheduleOptions['onDenied']): Promise<void> {
  const refused = denied();
  if (refused) {
    onDenied(refused);
    throw new Error(`${refused.principal} may not invoke ${fn.name}.`);
  }
  await fn.invoke(eventAt(at));
}

/**
 * Runs the templates' schedules.
 * @throws Error for a schedule that cannot be run here, naming it
 */
export function startSchedules(options: ScheduleOptions): Schedules {
  const { clock, onDenied, report } = options;
  const schedules = schedulesIn(options);
  const timers = schedules
    .map((schedule) => ({ ...schedule, next: parseSchedule(schedule.expression) }))
    .filter(({ isEnabled }) => isEnabled)
    .map(({ id, next, targets }) =>
      every(clock, next, (at) => {
        for (const target of targets) {
          invoke(target, at, onDenied).catch((error: unknown) => report(`Schedule ${id}: ${String(error)}`));
        }
      }),
    );
  return {
    expressions: new Map(schedules.map(({ id, expression }) => [id, expression])),
    async trigger(id) {
      const schedule = schedules.find((each) => each.id === id);
      if (!schedule) throw new Error(`There is no schedule ${id}.`);
      await Promise.all(schedule.targets.map((target) => invoke(target, new Date(clock.now()), onDenied)));
    },
    stop() {
      for (const cancel of timers) cancel();
      return Promise.resolve();
    },
  };
}
