import type { Socket } from 'node:net';
import { Client } from 'undici';
import type { Connect, Notes } from './connect';
import { withoutContinue } from './interim';
import { faultOf, type PostFault } from './outcome';
import type { Place } from './place';

/** One connection, and what undici keeps for it. Should it close before a request is written, undici makes another. */
export interface Connection {
  readonly key: string;
  readonly client: Client;
  /** Of the connection made last. */
  notes: Notes;
  /** Whether an answer came by it before. */
  wasUsed: boolean;
  idleSinceMs: number;
  /** Whether a request has gone out whose answer has not begun. */
  isHeadAwaited: boolean;
  socket?: Socket;
  end(reason: Error): void;
}

/** How long an idle connection is kept where the receiver says nothing. */
const IDLE_MS = 4000;
/** Where it says how long. */
export const MOST_IDLE_MS = 30_000;

/** It connects when the first request is there. */
export function openConnection(place: Place, connect: Connect): Connection {
  const ended = new AbortController();
  const client = new Client(place.origin, {
    pipelining: 1,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: MOST_IDLE_MS,
    // The whole attempt has one time limit (poster.ts).
    headersTimeout: 0,
    bodyTimeout: 0,
    connect(_, callback) {
      connection.notes = { times: {} };
      connection.wasUsed = false;
      void handOver(connect(place, connection.notes, ended.signal), (error, socket) => {
        if (!socket) return callback(error, null);
        connection.socket = withoutContinue(socket, () => connection.isHeadAwaited);
        return callback(null, socket);
      });
    },
  });
  const connection: Connection = {
    key: place.key,
    client,
    notes: { times: {} },
    wasUsed: false,
    idleSinceMs: 0,
    isHeadAwaited: false,
    end(reason) {
      ended.abort(reason);
      void client.destroy(reason);
    },
  };
  return connection;
}

type HandOver = (...result: [PostFault, null] | [null, Socket]) => void;

async function handOver(connecting: Promise<Socket>, to: HandOver): Promise<void> {
  const result = await connecting.catch(faultOf);
  if (result instanceof Error) to(result, null);
  else to(null, result);
}
