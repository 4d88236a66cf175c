import { type Kind, parsedCopy, type Versioned } from './kind';

/*
 * The settings in force. Their home is a row of PostgreSQL (`gatehouse.settings`), with a copy in Redis that every
 * execution environment looks at now and then, beside a request and hardly ever before one.
 */

/** A change is in force everywhere after this time at most, as long as there are requests. */
export const LOOK_EVERY_MS = 2_000;
/** So old, they are looked at first by who waits for them: with few requests, a look beside one is the next one's gain. */
const WAIT_AFTER_MS = 4_000;

export interface SettingsSource<T> {
  /** The copy in Redis as text; `null` when it is lost. */
  copy(): Promise<unknown>;
  /** From PostgreSQL, copied to Redis again; those of the deployment when nobody has set any. */
  stored(): Promise<Versioned<T>>;
  /** A monotonic clock in milliseconds. */
  nowMs(): number;
}

export interface LiveSettings<T> {
  /** What this environment knows now; looks at the copy beside the caller when that is some seconds old. */
  current(): Versioned<T>;
  /** Looks at the copy at once: somebody else knows a newer version. */
  refresh(): Promise<void>;
  /** For who reads PostgreSQL anyway: asks it where there is no copy. A database that is paused is woken by no other. */
  confirmed(): Promise<Versioned<T>>;
  /**
   * For who must not act on what was changed long ago: waits where nothing is known yet, or nobody has looked for a while.
   * Rejects where neither store has ever said anything: what an operator has closed is not open meanwhile.
   */
  fresh(): Promise<Versioned<T>>;
}

/** @param deployed what the stage was deployed with: in force until somebody sets others */
export function liveSettings<T>(kind: Kind<T>, deployed: T, source: SettingsSource<T>): LiveSettings<T> {
  let known: Versioned<T> = { version: 0, settings: deployed };
  let isFound = false;
  let failure: unknown;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let looking: Promise<boolean> | undefined;
  let confirming: Promise<void> | undefined;

  const take = (found: Versioned<T>) => {
    isFound = true;
    if (found.version > known.version) known = found;
  };
  /** Whether there is a copy. */
  const look = async (): Promise<boolean> => {
    const copy = parsedCopy(kind, await source.copy());
    if (copy) take(copy);
    return copy !== undefined;
  };
  const lookOnce = (): Promise<boolean> => {
    lookedAtMs = source.nowMs();
    looking ??= look()
      .catch(() => false)
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };
  // Without Redis and PostgreSQL what is known stays in force.
  const confirm = async () => {
    if (await lookOnce()) return;
    await source.stored().then(take, (error: unknown) => {
      failure = error;
    });
  };
  const confirmOnce = (): Promise<void> => {
    confirming ??= confirm().finally(() => {
      confirming = undefined;
    });
    return confirming;
  };
  return {
    current() {
      if (source.nowMs() - lookedAtMs >= LOOK_EVERY_MS) void lookOnce();
      return known;
    },
    async refresh() {
      await lookOnce();
    },
    async confirmed() {
      await confirmOnce();
      return known;
    },
    async fresh() {
      const ageMs = source.nowMs() - lookedAtMs;
      if (!isFound || ageMs >= WAIT_AFTER_MS) await confirmOnce();
      else if (ageMs >= LOOK_EVERY_MS) void confirmOnce();
      if (!isFound) throw failure;
      return known;
    },
  };
}
