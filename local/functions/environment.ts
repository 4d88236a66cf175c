import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isObject, list, object, text } from '../json';
import type { Watcher } from '../lifetime/reaper';
import { FunctionError } from '../types';
import type { FunctionSettings } from './settings';

/** What an environment tells the host. */
export interface EnvironmentObserver extends Watcher {
  /** A line that the function wrote to stdout or stderr. */
  line(functionName: string, line: string): void;
}

/** AWS stops an init phase after 10 s, then repeats it within the function's own timeout; here the longer one counts. */
const INIT_TIMEOUT_SECONDS = 10;

interface Pending {
  resolve(result: string): void;
  reject(error: FunctionError): void;
}

/** One execution environment: a process that runs one invocation at a time. */
export class Environment {
  readonly #process: ChildProcess;
  #pending: Pending | undefined;
  #alive = true;
  /** Settles when the handler is loaded; rejects with what its module threw. */
  readonly ready: Promise<unknown>;
  /** Settles when the process is gone, or never came to be. */
  readonly exited: Promise<void>;

  constructor(
    readonly settings: FunctionSettings,
    observer: EnvironmentObserver,
  ) {
    const { handler, folder, arn, memoryMb, variables, pace } = settings;
    this.#process = fork(join(__dirname, 'boot.cjs'), [handler, folder, arn, JSON.stringify(pace ?? null)], {
      cwd: folder,
      env: { ...variables },
      // Without this the child inherits the host's own flags, TypeScript loaders included.
      execArgv: [`--max-old-space-size=${memoryMb}`],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.ready = this.#await(Math.max(INIT_TIMEOUT_SECONDS, settings.timeoutSeconds));
    this.exited = new Promise((resolve) => {
      this.#process.once('exit', () => resolve()).once('error', () => resolve());
    });
    this.#observe(observer);
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Runs one event (JSON) and gives the handler's answer (JSON). */
  run(event: string): Promise<string> {
    const deadline = Date.now() + this.settings.timeoutSeconds * 1000;
    const answer = this.#await(this.settings.timeoutSeconds);
    // A process that has just died answers by its 'exit' event, so a failed send needs no handling of its own.
    this.#process.send({ requestId: randomUUID(), deadline, event }, () => undefined);
    return answer;
  }

  /** Ends the process at once: an environment holds nothing worth a farewell, as on AWS. */
  async end(): Promise<void> {
    this.#alive = false;
    this.#process.kill('SIGKILL');
    await this.exited;
  }

  #await(timeoutSeconds: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#timeOut(timeoutSeconds), timeoutSeconds * 1000);
      const settled = () => {
        clearTimeout(timer);
        this.#pending = undefined;
      };
      this.#pending = {
        resolve: (result) => {
          settled();
          resolve(result);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
    });
  }

  #timeOut(seconds: number): void {
    this.#alive = false;
    this.#process.kill('SIGKILL');
    this.#pending?.reject(new FunctionError('Sandbox.Timedout', `Task timed out after ${seconds.toFixed(2)} seconds`));
  }

  #observe(observer: EnvironmentObserver): void {
    const { pid, stdout, stderr } = this.#process;
    if (pid !== undefined) observer.watch(pid);
    for (const stream of [stdout, stderr]) {
      if (stream) createInterface(stream).on('line', (line) => observer.line(this.settings.name, line));
    }
    this.#process.on('message', (message) => this.#receive(message));
    this.#process.once('error', (error) => this.#died(error.message));
    this.#process.once('exit', (code, signal) => {
      if (pid !== undefined) observer.forget(pid);
      this.#died(signal === null ? `exit status ${code}` : `signal: ${signal}`);
    });
  }

  #receive(message: unknown): void {
    const { result, error } = object(message);
    if (isObject(error)) {
      const trace = list(error.trace).map(String);
      this.#pending?.reject(new FunctionError(text(error.errorType) ?? 'Error', text(error.errorMessage) ?? '', trace));
    } else {
      this.#pending?.resolve(text(result) ?? 'null');
    }
  }

  #died(how: string): void {
    this.#alive = false;
    this.#pending?.reject(new FunctionError('Runtime.ExitError', `Runtime exited with error: ${how}`));
  }
}
