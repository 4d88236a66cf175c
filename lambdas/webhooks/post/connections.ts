import { Connection } from '../../shared/http/connection';
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
  const idle = new Map<string, Line[]>();
  // In the order in which they became idle.
  const all = new Set<Line>();

  const forget = (line: Line) => {
    if (!all.delete(line)) return;
    const siblings = idle.get(line.key) ?? [];
    // Mostly the last one: it is taken first.
    siblings.splice(siblings.lastIndexOf(line), 1);
    if (siblings.length === 0) idle.delete(line.key);
  };
  const drop = (line: Line) => {
    forget(line);
    line.connection.close();
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
      for (let last = idle.get(key)?.at(-1); last; last = idle.get(key)?.at(-1)) {
        // While a function is frozen no timer runs: the receiver has closed long ago what nobody here has noticed.
        if (nowMs() - last.idleSinceMs <= IDLING.mostMs && last.connection.isUsable) {
          forget(last);
          return last;
        }
        drop(last);
      }
      return undefined;
    },
    release(line) {
      if (!line.connection.isUsable) return line.connection.close();
      line.idleSinceMs = nowMs();
      const siblings = idle.get(line.key);
      if (siblings) siblings.push(line);
      else idle.set(line.key, [line]);
      all.add(line);
      if (siblings?.[0] && siblings.length > mostIdleOfOrigin) drop(siblings[0]);
      for (const one of all) {
        if (all.size <= mostIdle) break;
        drop(one);
      }
      return undefined;
    },
    close: () => [...all].forEach(drop),
  };
}
