import { Connection, type Dialing, type Origin } from './connection';
import type { Target } from './target';

/** Connections that are kept for the next request to the same origin. */
export interface Connections {
  /** One that is free; a new one where there is none, or where a new one is asked for. */
  take(target: Target, isNew?: boolean): Connection;
  /** It may be used again. */
  give(target: Target, connection: Connection): void;
}

/** Of one origin, as many as an environment asks it at once; more are closed after their use. */
const MOST_KEPT = 64;

export function keptConnections(dialing: Dialing): Connections {
  const origins = new Map<string, Origin>();
  const originOf = ({ origin: name }: Target): Origin => {
    const found = origins.get(name) ?? { free: [] };
    origins.set(name, found);
    return found;
  };
  return {
    take(target, isNew = false) {
      const origin = originOf(target);
      // The one used last has the most of its time left.
      for (let next = isNew ? undefined : origin.free.pop(); next; next = origin.free.pop()) {
        if (next.isUsable) return next;
        next.close();
      }
      return new Connection(target, origin, dialing);
    },
    give(target, connection) {
      const { free } = originOf(target);
      if (connection.isUsable && free.length < MOST_KEPT) free.push(connection);
      else connection.close();
    },
  };
}
