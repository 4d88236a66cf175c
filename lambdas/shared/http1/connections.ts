import { Connection, type Idling } from './connection';
import { type Dialing, dial } from './dial';
import type { Target } from './target';

/** Connections that are kept for the next request to the same origin. */
export interface Connections {
  /** One that is free; a new one where there is none, or where a new one is asked for. */
  take(target: Target, isNew?: boolean): Connection;
  /** It may be used again. */
  give(target: Target, connection: Connection): void;
}

/** What connections to one origin have in common. */
interface Origin {
  /** Those that are free. */
  readonly free: Connection[];
  session: Buffer | undefined;
}

/** Of one origin, as many as an environment asks it at once; more are closed after their use. */
const MOST_KEPT = 64;

/** @param idling for how long they are kept. @default as long as the other side does */
export function keptConnections(dialing: Dialing, idling?: Idling): Connections {
  const origins = new Map<string, Origin>();
  const originOf = ({ origin }: Target): Origin => {
    const known = origins.get(origin);
    if (known) return known;
    const made: Origin = { free: [], session: undefined };
    origins.set(origin, made);
    return made;
  };
  return {
    take(target, isNew = false) {
      const origin = originOf(target);
      // The one used last has the most of its time left.
      for (let next = isNew ? undefined : origin.free.pop(); next; next = origin.free.pop()) {
        if (next.isUsable) return next;
        next.close();
      }
      return opened(target, origin, dialing, idling);
    },
    give(target, connection) {
      const { free } = originOf(target);
      if (connection.isUsable && free.length < MOST_KEPT) free.push(connection);
      else connection.close();
    },
  };
}

function opened(target: Target, origin: Origin, dialing: Dialing, idling: Idling | undefined): Connection {
  const connection = new Connection((lost, wasAsked) => {
    const at = origin.free.indexOf(lost);
    if (at >= 0) origin.free.splice(at, 1);
    // It may be what the other side does not like any more.
    if (wasAsked) origin.session = undefined;
  }, idling);
  const socket = dial(target, { ...dialing, session: origin.session, onread: connection.onread });
  socket.on('session', (session: Buffer) => {
    origin.session = session;
  });
  return connection.attach(socket, target.isSecure ? 'secureConnect' : undefined);
}
