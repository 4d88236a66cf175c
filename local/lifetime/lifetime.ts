import type { Running } from '../types';

/** The whole host ends within 5 s; a part that takes longer is left to the reaper. */
const PATIENCE_MILLISECONDS = 4_000;

/** What was started, so that it can be ended in the opposite order. */
export class Lifetime implements Running {
  readonly #parts: Promise<Running>[] = [];

  add<T extends Running>(part: T): T {
    this.#parts.push(Promise.resolve(part));
    return part;
  }

  /** A part that is still coming up: when another one fails meanwhile, this one is waited for and ended too. */
  start<T extends Running>(starting: Promise<T>): Promise<T> {
    this.#parts.push(starting);
    return starting;
  }

  async stop(): Promise<void> {
    // This timer also keeps the process alive: of what is awaited below, the reaper alone would not.
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MILLISECONDS);
    });
    await Promise.race([this.#stopAll(), patience]);
    clearTimeout(timer);
  }

  async #stopAll(): Promise<void> {
    // Parts may still join while others end. One that failed to start or to end must not keep the others from ending;
    // the reaper has the last word.
    for (let part = this.#parts.pop(); part; part = this.#parts.pop()) {
      await part.then((running) => running.stop()).catch(() => undefined);
    }
  }
}
