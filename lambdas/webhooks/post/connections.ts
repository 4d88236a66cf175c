import type { Connect } from './connect';
import { type Connection, MOST_IDLE_MS, openConnection } from './connection';
import type { Place } from './place';

export interface Connections {
  /** One that was kept, or a new one. */
  take(place: Place): Connection;
  fresh(place: Place): Connection;
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
    const siblings = idle.get(connection.key) ?? [];
    // Mostly the last one: it is taken first.
    siblings.splice(siblings.lastIndexOf(connection), 1);
    if (siblings.length === 0) idle.delete(connection.key);
  };
  const drop = (connection: Connection) => {
    forget(connection);
    connection.end(new Error('no longer kept'));
  };
  const fresh = (place: Place): Connection => {
    const connection = openConnection(place, connect);
    connection.client.on('disconnect', () => {
      if (all.has(connection)) drop(connection);
    });
    return connection;
  };
  return {
    fresh,
    take(place) {
      const kept = idle.get(place.key);
      for (let last = kept?.at(-1); last; last = idle.get(last.key)?.at(-1)) {
        // While a function is frozen no timer runs: the receiver has closed long ago what nobody here has noticed.
        if (nowMs() - last.idleSinceMs <= MOST_IDLE_MS && last.socket?.destroyed === false) {
          forget(last);
          return last;
        }
        drop(last);
      }
      return fresh(place);
    },
    release(connection) {
      connection.wasUsed = true;
      connection.idleSinceMs = nowMs();
      if (connection.client.destroyed || connection.socket?.destroyed !== false) return drop(connection);
      const siblings = idle.get(connection.key);
      if (siblings) siblings.push(connection);
      else idle.set(connection.key, [connection]);
      all.add(connection);
      if (siblings?.[0] && siblings.length > mostIdleOfOrigin) drop(siblings[0]);
      for (const one of all) {
        if (all.size <= mostIdle) break;
        drop(one);
      }
    },
    close: () => [...all].forEach(drop),
  };
}
