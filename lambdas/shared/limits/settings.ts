import * as z from 'zod/mini';
import { fromJson } from '../json';
import { type LimitSettings, LimitSettings as Schema, type VersionedSettings } from './plans';

/*
 * The limits in force. Their home is a row of PostgreSQL (`gatehouse.settings`), with a copy in Redis that every
 * execution environment looks at now and then, beside a request and never before one.
 */

/** The copy in Redis. */
export const SETTINGS_KEY = 'gatehouse:settings:limits';

const Stored = z.object({ version: z.int(), settings: Schema });
export const settingsText = (settings: VersionedSettings): string => JSON.stringify(settings);

/** A change is in force everywhere after this time at most, as long as there are requests. */
export const LOOK_EVERY_MS = 2_000;

export interface SettingsSource {
  /** The copy in Redis as text; `null` when it is lost. */
  copy(): Promise<unknown>;
  /** From PostgreSQL, copied to Redis again; those of the deployment when nobody has set any. */
  stored(): Promise<VersionedSettings>;
  /** A monotonic clock in milliseconds. */
  nowMs(): number;
}

export interface Settings {
  /** What this environment knows now; looks at the copy beside the caller when that is some seconds old. */
  current(): VersionedSettings;
  /** Looks at the copy at once: somebody else knows a newer version. */
  refresh(): Promise<void>;
  /** For who reads PostgreSQL anyway: asks it where there is no copy. A database that is paused is woken by no other. */
  confirmed(): Promise<VersionedSettings>;
}

/** @param deployed what the stage was deployed with: in force until somebody sets others */
export function settingsOf(deployed: LimitSettings, source: SettingsSource): Settings {
  let known: VersionedSettings = { version: 0, settings: deployed };
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let looking: Promise<boolean> | undefined;

  const take = (found: VersionedSettings) => {
    if (found.version > known.version) known = found;
  };
  /** Whether there is a copy. */
  const look = async (): Promise<boolean> => {
    const copy = z.pipe(fromJson, Stored).safeParse(await source.copy());
    if (copy.success) take(copy.data);
    return copy.success;
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
  return {
    current() {
      if (source.nowMs() - lookedAtMs >= LOOK_EVERY_MS) void lookOnce();
      return known;
    },
    async refresh() {
      await lookOnce();
    },
    async confirmed() {
      // Without Redis and PostgreSQL what is known stays in force.
      if (!(await lookOnce())) await source.stored().then(take, () => undefined);
      return known;
    },
  };
}
