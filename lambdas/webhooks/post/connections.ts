import { Connection } from '../../shared/http1/connection';
import type { Connect, Notes } from './connect';
import type { Place } from './place';

/** A connection to a receiver that something may be sent by. */
export interface Line {
  readonly key: string;
  readonly connection: Connection;
  /** The address that it leads to. */
  readonly address: string | undefined;
  idleSinceMs: number;
}

export interface Lines {
  /** One that was kept, if there is one. */
  take(place: Place): Line | undefined;
  /** A new one. Rejects as `Connect` does. */
  open(place: Place, notes: Notes, signal: AbortSignal): Promise<Line>;
  /** Keeps it for the next request, if it is still there. */
  release(line: Line): void;
  close(): void;
}

export interface KeepOptions {
  readonly connect: Connect;
  readonly nowMs: () => number;
  /** Of all origins together; the one that was used least lately is closed. */
  readonly mostIdle: number;
  readonly mostIdleOfOrigin: number;
}

const IDLING = { unsaidMs: 4_000, mostMs: 30_000 };

/** Keeps connections by origin. It is known by which one a request goes: what it took to connect belongs to that attempt. */
export function keepConnections({ connect, nowMs, mostIdle, mostIdleOfOrigin }: KeepOptions): Lines {
  // Of each origin in the order in which they became idle.
  const idle = new Map<string, Line[]>();
  let count = 0;

  const forget = (line: Line) => {
    const siblings = idle.get(line.key);
    const at = siblings?.lastIndexOf(line) ?? -1;
    if (!siblings || at < 0) return;
    siblings.splice(at, 1);
    count -= 1;
    if (siblings.length === 0) idle.delete(line.key);
  };
  const drop = (line: Line) => {
    forget(line);
    line.connection.close();
  };
  const oldest = () => {
    let found: Line | undefined;
    for (const [first] of idle.values()) if (first && (!found || first.idleSinceMs < found.idleSinceMs)) found = first;
    return found;
  };
  return {
    async open(place, notes, signal) {
      let made: Line | undefined;
      const connection = new Connection(() => made && forget(made), IDLING);
      const socket = await connect({ place, onread: connection.onread, signal }, notes);
      made = { key: place.key, connection: connection.attach(socket), address: notes.address, idleSinceMs: 0 };
      return made;
    },
    take({ key }) {
      const siblings = idle.get(key);
      for (let last = siblings?.pop(); last; last = siblings?.pop()) {
        count -= 1;
        if (siblings?.length === 0) idle.delete(key);
        // While a function is frozen no timer runs: the receiver has closed long ago what nobody here has noticed.
        if (nowMs() - last.idleSinceMs <= IDLING.mostMs && last.connection.isUsable) return last;
        last.connection.close();
      }
      return undefined;
    },
    release(line) {
      if (!line.connection.isFree) return line.connection.close();
      line.idleSinceMs = nowMs();
      const siblings = idle.get(line.key);
      if (siblings) siblings.push(line);
      else idle.set(line.key, [line]);
      count += 1;
      if (siblings?.[0] && siblings.length > mostIdleOfOrigin) drop(siblings[0]);
      for (let first = count > mostIdle && oldest(); first; first = count > mostIdle && oldest()) drop(first);
      return undefined;
    },
    close: () => [...idle.values()].flat().forEach(drop),
  };
}
