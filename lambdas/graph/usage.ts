import { documentHash } from '../shared/graph/documents';
import { dayOf, fieldOf, USAGE_SECONDS, type UsedOperation, usageKey, usedDocumentKey } from '../shared/graph/usage';
import type { Commands } from '../shared/stores/redis';
import { script } from '../shared/stores/script';
import type { Runnable } from './execute/execute';
import { type Asked, quietly } from './known';

/** Which operations are run, for who changes the graph. */
export interface Usage {
  /** Nobody waits for it, and what it cannot tell is lost. */
  note(runnable: Runnable, asked: Asked): void;
}

interface Deps {
  readonly redis: Commands;
  /** Milliseconds since 1970. */
  nowMs(): number;
}

/** An operation is told when it is first run, and then with all others once in this time: a frozen environment loses no more. */
const TELL_EVERY_MS = 60_000;
/** In one command, which Redis does at once. */
const MOST_TOLD = 200;
/** Operations of one day, of all environments: whoever makes them up fills no store. */
const MOST_A_DAY = 5_000;
/** A longer document is counted, but not checked. */
const MOST_BYTES = 64 * 1024;

interface Entry extends UsedOperation {
  readonly query: string;
  /** Runs that have not been told. */
  runs: number;
  /** Or is just being told; where Redis did not hear it, it is told with its next run. */
  isTold?: boolean;
  /** The day for which its text was told. */
  day?: string;
}

/** Adds to the fields it is given, and says of each whether there was room for it. */
const ADD = script(`
local room = tonumber(ARGV[1]) - redis.call('HLEN', KEYS[1])
local told = {}
for i = 3, #ARGV, 2 do
  local isNew = redis.call('HEXISTS', KEYS[1], ARGV[i]) == 0
  if isNew and room <= 0 then told[#told + 1] = 0
  else
    if isNew then room = room - 1 end
    redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1])
    told[#told + 1] = 1
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return told`);

export function usage({ redis, nowMs }: Deps): Usage {
  const entries = new WeakMap<Runnable, Entry>();
  const waiting = new Set<Entry>();
  let toldAtMs = nowMs();

  const tellText = async (entry: Entry, day: string): Promise<void> => {
    if (entry.day === day || entry.query.length > MOST_BYTES) return;
    const { hash, query } = entry;
    const told = await quietly(redis.call('SET', usedDocumentKey(hash), query, 'EX', USAGE_SECONDS));
    if (told === 'OK') entry.day = day;
  };
  const tell = async (some: readonly Entry[]): Promise<void> => {
    const day = dayOf(nowMs());
    const taken = some.map((entry) => ({ entry, runs: entry.runs }));
    for (const { entry } of taken) {
      entry.runs = 0;
      entry.isTold = true;
      waiting.delete(entry);
    }
    const counts = taken.flatMap(({ entry, runs }) => [fieldOf(entry), runs]);
    const told = await quietly(ADD(redis, [usageKey(day)], [MOST_A_DAY, USAGE_SECONDS, ...counts]));
    for (const [index, { entry, runs }] of taken.entries()) {
      // Redis has not answered in time: what it may have counted all the same is counted twice rather than never.
      if (!Array.isArray(told)) Object.assign(entry, { runs: entry.runs + runs, isTold: false });
      else if (told[index] === 1) await tellText(entry, day);
    }
  };
  return {
    note(runnable, { query, operationName = '' }) {
      const entry: Entry = entries.get(runnable) ?? { hash: documentHash(query), operationName, query, runs: 0 };
      entries.set(runnable, entry);
      entry.runs += 1;
      waiting.add(entry);
      if (!entry.isTold) void tell([entry]);
      if (nowMs() - toldAtMs < TELL_EVERY_MS) return;
      if (waiting.size <= MOST_TOLD) toldAtMs = nowMs();
      if (waiting.size > 0) void tell([...waiting].slice(0, MOST_TOLD));
    },
  };
}
