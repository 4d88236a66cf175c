import { randomBytes } from 'node:crypto';
import { type Credentials, FunctionError, type LocalFunction, type Resource, type Running } from '../types';
import type { EnvironmentObserver } from './environment';
import { Pool } from './pool';
import type { FunctionSettings } from './settings';

/** Lambda's limit for a synchronous event, and (with 100 bytes of its own) for an answer. */
const MAX_EVENT_BYTES = 6 * 1024 * 1024;
const MAX_ANSWER_BYTES = MAX_EVENT_BYTES + 100;

/** Credentials that nobody else holds in this run. */
export const randomCredentials = (): Credentials => ({
  accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(20).toString('hex'),
  sessionToken: randomBytes(16).toString('hex'),
});

/** A Lambda function served by processes of this machine. */
export class PooledFunction implements LocalFunction, Running {
  readonly id: string;
  readonly stack: string;
  readonly #retired: Pool[] = [];
  #pool: Pool;

  constructor(
    resource: Pick<Resource, 'id' | 'stack'>,
    readonly credentials: Credentials,
    settings: FunctionSettings,
    readonly observer: EnvironmentObserver,
  ) {
    this.id = resource.id;
    this.stack = resource.stack;
    this.#pool = new Pool(settings, observer);
  }

  get name(): string {
    return this.#pool.settings.name;
  }

  get arn(): string {
    return this.#pool.settings.arn;
  }

  get timeoutSeconds(): number {
    return this.#pool.settings.timeoutSeconds;
  }

  async invoke(event: unknown): Promise<unknown> {
    const payload = JSON.stringify(event) ?? 'null';
    if (Buffer.byteLength(payload) > MAX_EVENT_BYTES) {
      const message = `Request must be smaller than ${MAX_EVENT_BYTES} bytes for the InvokeFunction operation`;
      throw new FunctionError('RequestTooLargeException', message);
    }
    const answer = await this.#pool.run(payload);
    if (Buffer.byteLength(answer) > MAX_ANSWER_BYTES) {
      const message = `Response payload size exceeded maximum allowed payload size (${MAX_ANSWER_BYTES} bytes).`;
      throw new FunctionError('Function.ResponseSizeTooLarge', message);
    }
    return JSON.parse(answer);
  }

  /** Starts one environment. Rejects with the error of the handler's module, e.g. one that names a missing variable. */
  init(): Promise<void> {
    return this.#pool.init();
  }

  /** From now on new invocations run on these settings; those under way end on the old ones. */
  swap(settings: FunctionSettings): void {
    this.#pool.retire();
    this.#retired.push(this.#pool);
    this.#pool = new Pool(settings, this.observer);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#pool, ...this.#retired].map((pool) => pool.stop()));
  }
}
