import { FunctionError } from '../types';
import { Environment, type EnvironmentObserver } from './environment';
import type { FunctionSettings } from './settings';

interface Waiter {
  readonly resolve: (environment: Environment) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The environments of one version of a function: each runs one invocation at a time, a new one starts while all are
 * busy, and above the cap invocations wait their turn.
 */
export class Pool {
  readonly #all = new Set<Environment>();
  /** The last one used is used next, so that quiet ones stay quiet. */
  readonly #idle: Environment[] = [];
  readonly #waiting: Waiter[] = [];
  #retired = false;

  constructor(
    readonly settings: FunctionSettings,
    readonly observer: EnvironmentObserver,
  ) {}

  async run(event: string): Promise<string> {
    const environment = await this.#acquire();
    try {
      return await environment.run(event);
    } finally {
      this.#release(environment);
    }
  }

  /** Starts an environment if there is none. Rejects with what the handler's module threw. */
  async init(): Promise<void> {
    this.#release(await this.#acquire());
  }

  /** Lets what is under way finish; environments end as they fall idle. */
  retire(): void {
    this.#retired = true;
    for (const environment of this.#idle.splice(0)) void environment.end();
  }

  async stop(): Promise<void> {
    this.#retired = true;
    const stopping = new FunctionError('Runtime.ExitError', 'The host is stopping');
    for (const waiter of this.#waiting.splice(0)) waiter.reject(stopping);
    await Promise.all([...this.#all].map((environment) => environment.end()));
  }

  #acquire(): Promise<Environment> {
    const { maxEnvironments } = this.settings;
    if (maxEnvironments === 0) throw new FunctionError('TooManyRequestsException', 'Rate Exceeded.');
    const idle = this.#idle.pop();
    if (idle !== undefined) return Promise.resolve(idle);
    if (this.#all.size < maxEnvironments) return this.#start();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  async #start(): Promise<Environment> {
    const environment = new Environment(this.settings, this.observer);
    this.#all.add(environment);
    void environment.exited.then(() => this.#forget(environment));
    try {
      await environment.ready;
    } catch (error) {
      await environment.end();
      throw error;
    }
    return environment;
  }

  #release(environment: Environment): void {
    if (!environment.alive) return;
    const next = this.#waiting.shift();
    if (next !== undefined) next.resolve(environment);
    else if (this.#retired) void environment.end();
    else this.#idle.push(environment);
  }

  /** A process has ended: its place is free for a new one, which somebody may be waiting for. */
  #forget(environment: Environment): void {
    this.#all.delete(environment);
    const index = this.#idle.indexOf(environment);
    if (index >= 0) this.#idle.splice(index, 1);
    const next = this.#waiting.shift();
    if (next !== undefined) this.#start().then(next.resolve, next.reject);
  }
}
