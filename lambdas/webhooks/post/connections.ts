import type { Connect, Place } from './connect';
import { type Connection, MOST_IDLE_MS, openConnection } from './connection';

export interface Connections {
  /** One that was kept, or a new one. */
  take(origin: string, place: Place): Connection;
  fresh(origin: string, place: Place): Connection;
  /** Keeps it for the next request, if it is still there. */
  release(connection: Connection): void;
  close(): void;
}

export interface KeepOptions {
  readonly connect: Connect;
  readonly nowMs: () => number;
  /** Of all origins together; the one that was used least lately is closed. */
  readonly mostIdle: number;
  readonly mostIdleOfOrigin: number;
}

/**
 * Keeps connections by origin. Each has a client of its own instead of undici's pool, so that it is known by which one a
 * request went: what it took to connect belongs to that attempt.
 */
export function keepConnections({ connect, nowMs, mostIdle, mostIdleOfOrigin }: KeepOptions): Connections {
  const idle = new Map<string, Connection[]>();
  // In the order in which they became idle.
  const all = new Set<Connection>();

  const forget = (connection: Connection) => {
    if (!all.delete(connection)) return;
    const others = (idle.get(connection.key) ?? []).filter((other) => other !== connection);
    if (others.length > 0) idle.set(connection.key, others);
    else idle.delete(connection.key);
  };
  const drop = (connection: Connection) => {
    forget(connection);
    connection.end(new Error('no longer kept'));
  };
  const fresh = (origin: string, place: Place): Connection => {
    const connection = openConnection({ key: keyOf(origin, place), origin, place, connect });
    connection.client.on('disconnect', () => {
      if (all.has(connection)) drop(connection);
    });
    return connection;
  };
  return {
    fresh,
    take(origin, place) {
      const kept = idle.get(keyOf(origin, place));
      for (let last = kept?.at(-1); last; last = idle.get(last.key)?.at(-1)) {
        // While a function is frozen no timer runs: the receiver has closed long ago what nobody here has noticed.
        if (nowMs() - last.idleSinceMs <= MOST_IDLE_MS && last.socket?.destroyed === false) {
          forget(last);
          return last;
        }
        drop(last);
      }
      return fresh(origin, place);
    },
    release(connection) {
      connection.wasUsed = true;
      connection.idleSinceMs = nowMs();
      if (connection.client.destroyed || connection.socket?.destroyed !== false) return drop(connection);
      const others = idle.get(connection.key) ?? [];
      idle.set(connection.key, [...others, connection]);
      all.add(connection);
      const [oldest] = others;
      if (oldest && others.length >= mostIdleOfOrigin) drop(oldest);
      for (const one of all) {
        if (all.size <= mostIdle) break;
        drop(one);
      }
    },
    close: () => [...all].forEach(drop),
  };
}

const keyOf = (origin: string, { privateTargets }: Place) => `${origin} ${privateTargets}`;
