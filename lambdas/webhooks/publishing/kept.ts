import { BoundedMap } from '../../shared/bounded-map';

interface Keeping<T> {
  /** Of how many owners. */
  readonly most: number;
  /** A number that every change raises. */
  versionOf(owner: string): Promise<number>;
  read(owner: string): Promise<T>;
  nowMs(): number;
}

interface Kept<T> {
  readonly value: T;
  readonly version: number;
  /** When it was read, and when its version was last asked for. */
  readonly readMs: number;
  readonly askedMs: number;
}

/** How long a change may take to be in force. */
const TRUSTED_MS = 2_000;
/** A change whose writer died before it raised the version is seen after this. */
const READ_ANEW_MS = 60_000;

/** What is read of an owner, kept in memory: for two seconds, then as long as its version is the same. */
export function kept<T>({ most, versionOf, read, nowMs }: Keeping<T>): (owner: string) => Promise<T> {
  const all = new BoundedMap<string, Kept<T>>(most);
  return async (owner) => {
    const before = all.get(owner);
    if (before && nowMs() - before.askedMs < TRUSTED_MS) return before.value;
    // Asked for first: what is read afterwards is at least as new.
    const version = await versionOf(owner);
    const isSame = before?.version === version && nowMs() - before.readMs < READ_ANEW_MS;
    const next = isSame
      ? { ...before, askedMs: nowMs() }
      : { value: await read(owner), version, readMs: nowMs(), askedMs: nowMs() };
    all.set(owner, next);
    return next.value;
  };
}
