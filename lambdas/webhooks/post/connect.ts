import { isIP, type LookupFunction, type Socket, connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { BoundedMap } from '../../shared/bounded-map';
import { isPublic, NOT_PUBLIC_ADDRESS } from '../../shared/http/public-address';
import { PostFault, type Times } from './outcome';
import type { Place } from './place';
import { addressesOf, type Found, type Resolve, resolveAsSystem, resolveByServers } from './resolve';

/** What is noted while a connection is made. */
export interface Notes {
  address?: string;
  readonly times: Pick<Times, 'dnsMs' | 'connectMs' | 'tlsMs'>;
}

/** Makes a connection. Rejects with a `PostFault`, whatever happens, and soon after the signal. */
export type Connect = (place: Place, notes: Notes, signal: AbortSignal) => Promise<Socket>;

export interface ConnectOptions {
  /** @default by the name servers; as the system does where targets may be private */
  readonly resolve?: Resolve | undefined;
  /** Certificate authorities instead of the known ones: for tests. */
  readonly ca?: string | undefined;
}

/** RFC 8305 section 8 recommends 250 ms, which is less than many answers across an ocean take. */
const NEXT_ADDRESS_MS = 1000;
const SESSIONS = 500;

/**
 * Looks a name up once, looks at every address, and connects to one of those: no later answer of the DNS counts. The
 * certificate must be the name's.
 */
export function openConnect({ resolve, ca }: ConnectOptions): Connect {
  const byServers = resolve ?? resolveByServers();
  const bySystem = resolve ?? resolveAsSystem;
  // A handshake that goes on from an earlier session costs a fraction of a whole one.
  const sessions = new BoundedMap<string, Buffer>(SESSIONS);
  return async (place, notes, signal) => {
    const lap = stopwatch();
    const addresses = await checked(place, place.privateTargets ? bySystem : byServers);
    signal.throwIfAborted();
    if (isIP(place.hostname) === 0) notes.times.dnsMs = lap();
    const socket = await reached(place, addresses, signal);
    notes.times.connectMs = lap();
    if (socket.remoteAddress !== undefined) notes.address = socket.remoteAddress;
    if (!place.isSecure) return socket;
    const secure = await secured(place, socket, signal, { ca, sessions });
    notes.times.tlsMs = lap();
    return secure;
  };
}

function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const began = last;
    last = performance.now();
    return last - began;
  };
}

async function checked({ hostname, privateTargets }: Place, resolve: Resolve): Promise<readonly Found[]> {
  const family = isIP(hostname);
  const addresses = family === 0 ? await addressesOf(hostname, resolve) : [{ address: hostname, family }];
  // One that is private among public ones is an attack, or a mistake that will be one.
  if (!privateTargets && addresses.some(({ address }) => !isPublic(address)))
    throw new PostFault('refused_address', NOT_PUBLIC_ADDRESS);
  return addresses;
}

async function reached({ hostname, port, privateTargets }: Place, addresses: readonly Found[], signal: AbortSignal) {
  const socket = tcpConnect({
    host: hostname,
    port,
    lookup: answering(addresses),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
    noDelay: true,
  });
  await ready(socket, 'connect', signal).catch((error: unknown) => {
    throw asFault(error, 'connect', 'cannot be connected to');
  });
  // It cannot be another one. Should it be, nothing is sent there.
  if (!privateTargets && !isPublic(socket.remoteAddress ?? '')) {
    socket.destroy();
    throw new PostFault('refused_address', NOT_PUBLIC_ADDRESS);
  }
  return socket;
}

/** Hands out what was looked at, and asks nobody. */
const answering =
  (addresses: readonly Found[]): LookupFunction =>
  (_hostname, { all }, callback) => {
    const [first = { address: '', family: 0 }] = addresses;
    if (all) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };

interface Trust {
  readonly ca: string | undefined;
  readonly sessions: BoundedMap<string, Buffer>;
}

async function secured({ hostname, port }: Place, socket: Socket, signal: AbortSignal, { ca, sessions }: Trust) {
  // What goes wrong from here on is told by the secure one.
  socket.on('error', () => undefined);
  const key = `${hostname}:${port}`;
  const session = sessions.get(key);
  const secure = tlsConnect({
    socket,
    host: hostname,
    // RFC 6066 section 3: no address is a server's name. Its certificate is checked all the same.
    servername: isIP(hostname) === 0 ? hostname : '',
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    ...(ca !== undefined && { ca }),
    ...(session && { session }),
  });
  secure.on('session', (fresh: Buffer) => sessions.set(key, fresh));
  await ready(secure, 'secureConnect', signal).catch((error: unknown) => {
    sessions.delete(key);
    throw asFault(error, 'tls', 'TLS failed');
  });
  return secure;
}

/** Until it is ready; rejects when it fails, closes, or is no longer wanted. It is destroyed then. */
function ready(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error?: unknown) => {
      signal.removeEventListener('abort', abort);
      // What else it has to say is of no interest.
      socket.on('error', () => undefined).destroy();
      reject(signal.aborted ? signal.reason : (error ?? new Error('closed')));
    };
    const abort = () => fail();
    const close = () => fail();
    socket.once('error', fail).once('close', close);
    signal.addEventListener('abort', abort);
    socket.once(event, () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail).off('close', close);
      resolve();
    });
  });
}

function asFault(error: unknown, kind: 'connect' | 'tls', words: string): PostFault {
  if (error instanceof PostFault) return error;
  const { code } = Object(error);
  return new PostFault(kind, typeof code === 'string' ? `${words} (${code})` : words);
}
