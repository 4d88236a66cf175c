import type { Running } from './types';

/** The whole host ends within 5 s; a part that takes longer is left to the reaper. */
const PATIENCE_MILLISECONDS = 4_000;

/** What was started, so that it can be ended in the opposite order. */
export class Lifetime implements Running {
  readonly #parts: Running[] = [];

  add<T extends Running>(part: T): T {
    this.#parts.push(part);
    return part;
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
    // A part that fails to end must not keep the others from ending; the reaper has the last word.
    for (const part of this.#parts.splice(0).toReversed()) await part.stop().catch(() => undefined);
  }
}
