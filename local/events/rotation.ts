import { randomUUID } from 'node:crypto';
import { invokePermissions } from '../aws/permissions';
import type { Rotations } from '../aws/secrets-manager';
import { AwsError } from '../aws/service';
import { number, object, text } from '../json';
import type { Secret, SecretStore } from '../stores/secrets';
import type { Denial, LocalFunction, Resource, Running } from '../types';
import { type Clock, every } from './clock';
import { parseSchedule } from './cron';

export interface RotationOptions {
  readonly resources: readonly Resource[];
  readonly functions: readonly LocalFunction[];
  readonly secrets: SecretStore;
  readonly clock: Clock;
  readonly onDenied: (denial: Denial) => void;
  readonly report: (line: string) => void;
}

/** A secret with the function that rotates it. */
interface Rotation {
  readonly secretArn: string;
  readonly fn: LocalFunction;
  readonly next: (after: Date) => Date | undefined;
  readonly isImmediate: boolean;
}

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
const DAY_MILLISECONDS = 86_400_000;

function nextOf(rules: Readonly<Record<string, unknown>>): Rotation['next'] {
  const expression = text(rules.ScheduleExpression);
  if (expression !== undefined) return parseSchedule(expression);
  const days = number(rules.AutomaticallyAfterDays);
  return (after) => (days === undefined ? undefined : new Date(after.getTime() + days * DAY_MILLISECONDS));
}

function rotationOf({ stack, id, properties }: Resource, functions: readonly LocalFunction[]): Rotation {
  const fn = functions.find(({ arn }) => arn === properties.RotationLambdaARN);
  if (!fn) throw new Error(`${stack}/${id}: its rotation function is no function of the templates.`);
  return {
    secretArn: String(properties.SecretId),
    fn,
    next: nextOf(object(properties.RotationRules)),
    isImmediate: (properties.RotateImmediatelyOnUpdate ?? true) !== false,
  };
}

const holder = (secret: Secret, stage: string) => secret.versions.find(({ stages }) => stages.includes(stage))?.id;

/** Rotates secrets when they are new, on their schedule and when RotateSecret asks for it. */
export class SecretRotations implements Rotations, Running {
  readonly #rotations: ReadonlyMap<string, Rotation>;
  readonly #running = new Map<string, Promise<void>>();
  #timers: readonly (() => void)[] = [];
  constructor(readonly options: RotationOptions) {
    const schedules = options.resources.filter(({ type }) => type === 'AWS::SecretsManager::RotationSchedule');
    const rotations = schedules.map((schedule) => rotationOf(schedule, options.functions));
    this.#rotations = new Map(rotations.map((rotation) => [rotation.secretArn, rotation]));
  }

  functionOf(secretArn: string): string | undefined {
    return this.#rotations.get(secretArn)?.fn.arn;
  }

  begin(secret: Secret, token: string): string {
    const rotation = this.#rotations.get(secret.arn);
    if (!rotation)
      throw new AwsError('InvalidRequestException', 'No Lambda rotation function ARN is associated with this secret.');
    if (this.#running.has(secret.arn)) {
      throw new AwsError(
        'InvalidRequestException',
        "A previous rotation isn't complete. That rotation will be reattempted.",
      );
    }
    // One that failed is tried again under its own version, which the function may have half done.
    const pending = holder(secret, 'AWSPENDING');
    const version = pending !== undefined && pending !== holder(secret, 'AWSCURRENT') ? pending : token;
    const rotating = this.#rotate(secret, rotation, version).finally(() => this.#running.delete(secret.arn));
    this.#running.set(secret.arn, rotating);
    return version;
  }

  /** Waits until a secret's rotation has ended, well or not. */
  async ended(secretArn: string): Promise<void> {
    await this.#running.get(secretArn);
  }

  /** Sets the schedules going. Resolves when the secrets that are new have been rotated once, as on a deployment. */
  async start(): Promise<void> {
    const { clock } = this.options;
    const all = [...this.#rotations.values()];
    this.#timers = all.map(({ secretArn, next }) => every(clock, next, () => this.#beginQuietly(secretArn)));
    const fresh = all.filter(({ secretArn, isImmediate }) => isImmediate && this.#isNew(secretArn));
    for (const { secretArn } of fresh) this.#beginQuietly(secretArn);
    await Promise.all(fresh.map(({ secretArn }) => this.ended(secretArn)));
  }

  stop(): Promise<void> {
    for (const cancel of this.#timers) cancel();
    return Promise.resolve();
  }

  #isNew(secretArn: string): boolean {
    return this.options.secrets.find(secretArn)?.lastRotatedSeconds === undefined;
  }

  #beginQuietly(secretArn: string): void {
    const secret = this.options.secrets.find(secretArn);
    if (secret && !this.#running.has(secretArn)) this.begin(secret, randomUUID());
  }

  /** The four steps in order. One that fails leaves AWSCURRENT where it was, and AWSPENDING for the next attempt. */
  async #rotate(secret: Secret, { fn }: Rotation, token: string): Promise<void> {
    const { secrets, report } = this.options;
    try {
      this.#checkPermission(secret, fn);
      secrets.put(secret, token, undefined, ['AWSPENDING']);
      for (const Step of STEPS) await fn.invoke({ Step, SecretId: secret.arn, ClientRequestToken: token });
      if (holder(secret, 'AWSCURRENT') !== token) throw new Error('finishSecret did not move AWSCURRENT');
      secrets.rotated(secret);
    } catch (error) {
      report(`Rotation of ${secret.name} failed: ${String(error)}`);
    }
  }

  #checkPermission(secret: Secret, fn: LocalFunction): void {
    const need = { principal: 'secretsmanager.amazonaws.com', action: 'lambda:InvokeFunction', resource: fn.arn };
    if (invokePermissions(this.options.resources)({ ...need, sourceArn: secret.arn })) return;
    this.options.onDenied(need);
    throw new Error(`${need.principal} may not invoke ${fn.name}`);
  }
}
