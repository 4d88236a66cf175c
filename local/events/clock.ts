/** Time, passed in so that tests can move it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs once after a while. Gives what calls it off. */
  after(milliseconds: number, run: () => void): () => void;
}

export const realClock: Clock = {
  now: Date.now,
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** How much faster than the machine's a clock goes, and since when. */
export interface Pace {
  readonly rate: number;
  readonly sinceMs: number;
}

/** The same for whoever else has this pace (pace.cjs). */
export const fasterClock = ({ rate, sinceMs }: Pace): Clock => ({
  now: () => Math.floor(sinceMs + (Date.now() - sinceMs) * rate),
  after: (milliseconds, run) => realClock.after(Math.ceil(milliseconds / rate), run),
});

/** The longest that setTimeout can wait; beyond it fires at once. */
const LONGEST_MILLISECONDS = 2_147_483_647;

const nothing = () => undefined;

/**
 * Runs at every time that `next` gives for the time before it, until that gives none. Times that passed while the
 * machine slept are left out, as a schedule that was switched off would.
 * @returns what ends it
 */
export function every(clock: Clock, next: (after: Date) => Date | undefined, run: (at: Date) => void): () => void {
  let cancel: () => void = nothing;
  const wait = (at: Date) => {
    const left = at.getTime() - clock.now();
    cancel = clock.after(Math.max(0, Math.min(left, LONGEST_MILLISECONDS)), () => {
      if (clock.now() < at.getTime()) return wait(at);
      run(at);
      return plan(at);
    });
  };
  const plan = (after: Date) => {
    let at = next(after);
    while (at && at.getTime() < clock.now()) at = next(at);
    if (at) wait(at);
  };
  plan(new Date(clock.now()));
  return () => cancel();
}
