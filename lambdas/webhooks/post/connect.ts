import { isIP, type LookupFunction, type OnReadOpts, type Socket, connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { BoundedMap } from '../../shared/bounded-map';
import { isPublic, NOT_PUBLIC_ADDRESS } from '../../shared/http/public-address';
import { serverNameOf } from '../../shared/http1/dial';
import { PostFault, type Times } from './outcome';
import type { Place } from './place';
import { addressesOf, type Found, type Resolve, resolveAsSystem, resolveByServers } from './resolve';

/** What is noted while a connection is made. */
export interface Notes {
  address?: string;
  readonly times: Pick<Times, 'dnsMs' | 'connectMs' | 'tlsMs'>;
}

interface Wanted {
  readonly place: Place;
  /** How the socket is to read. */
  readonly onread: OnReadOpts;
  /** Ends what is under way: with a `PostFault` as its reason. */
  readonly signal: AbortSignal;
}

/** Makes a connection. Rejects with a `PostFault`, whatever happens, and, but for a name that is being looked up, soon after the signal. */
export type Connect = (wanted: Wanted, notes: Notes) => Promise<Socket>;

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
  return async (wanted, notes) => {
    const { place, signal } = wanted;
    const { hostname, isSecure } = place.target;
    const lap = stopwatch();
    const addresses = await checked(place, place.privateTargets ? bySystem : byServers);
    signal.throwIfAborted();
    if (isIP(hostname) === 0) notes.times.dnsMs = lap();
    const socket = await reached(wanted, addresses, { ca, sessions });
    notes.times.connectMs = lap();
    if (socket.remoteAddress !== undefined) notes.address = socket.remoteAddress;
    if (!isSecure) return socket;
    await secured(wanted, socket, sessions);
    notes.times.tlsMs = lap();
    return socket;
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

async function checked({ target, privateTargets }: Place, resolve: Resolve): Promise<readonly Found[]> {
  const { hostname } = target;
  const family = isIP(hostname);
  const addresses = family === 0 ? await addressesOf(hostname, resolve) : [{ address: hostname, family }];
  // One that is private among public ones is an attack, or a mistake that will be one.
  if (!privateTargets && addresses.some(({ address }) => !isPublic(address)))
    throw new PostFault('refused_address', NOT_PUBLIC_ADDRESS);
  return addresses;
}

async function reached(wanted: Wanted, addresses: readonly Found[], trust: Trust): Promise<Socket> {
  const socket = opened(wanted, addresses, trust);
  const { privateTargets } = wanted.place;
  // It cannot be another one. Should it be, nothing is sent there: TLS begins after this.
  socket.prependOnceListener('connect', () => {
    if (!privateTargets && !isPublic(socket.remoteAddress ?? ''))
      socket.destroy(new PostFault('refused_address', NOT_PUBLIC_ADDRESS));
  });
  await ready(socket, 'connect', wanted.signal).catch((error: unknown) => {
    throw asFault(error, 'connect', 'cannot be connected to');
  });
  return socket;
}

function opened({ place: { target }, onread }: Wanted, addresses: readonly Found[], { ca, sessions }: Trust): Socket {
  const { hostname, port, isSecure } = target;
  const options = {
    host: hostname,
    port,
    onread,
    lookup: answering(addresses),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
    noDelay: true,
  };
  if (!isSecure) return tcpConnect(options);
  const session = sessions.get(nameOf(target));
  const secure = tlsConnect({
    ...options,
    // No address is a server's name. Its certificate is checked all the same.
    servername: serverNameOf(hostname),
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    ...(ca !== undefined && { ca }),
    ...(session && { session }),
  });
  secure.on('session', (fresh: Buffer) => sessions.set(nameOf(target), fresh));
  return secure;
}

const nameOf = ({ hostname, port }: Place['target']) => `${hostname}:${port}`;

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

const secured = ({ place, signal }: Wanted, socket: Socket, sessions: Trust['sessions']): Promise<void> =>
  ready(socket, 'secureConnect', signal).catch((error: unknown) => {
    sessions.delete(nameOf(place.target));
    throw asFault(error, 'tls', 'TLS failed');
  });

/** Until it is ready; rejects when it fails, closes, or is no longer wanted. It is destroyed then. */
function ready(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  // Nothing that it has to say when this is over, or before somebody else listens, may go unheard: that would end the process.
  socket.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    const fail = (error?: unknown) => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      reject(signal.aborted ? signal.reason : (error ?? new Error('closed')));
    };
    const abort = () => fail();
    const close = () => fail();
    socket.once('error', fail).once('close', close);
    signal.addEventListener('abort', abort);
    socket.once(event, () => {
      // Somebody who was told before has ended it: what is wrong follows.
      if (socket.destroyed) return;
      signal.removeEventListener('abort', abort);
      socket.off('error', fail).off('close', close);
      resolve();
    });
    if (socket.destroyed) fail();
  });
}

function asFault(error: unknown, kind: 'connect' | 'tls', words: string): PostFault {
  if (error instanceof PostFault) return error;
  const { code } = Object(error);
  return new PostFault(kind, typeof code === 'string' ? `${words} (${code})` : words);
}
