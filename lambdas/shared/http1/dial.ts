import { connect, isIP, type LookupFunction, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Target } from './target';

/** What a connection is made with. */
export interface Dialing {
  /** Finds the addresses of a name; no other is asked for. @default the system's */
  readonly lookup?: LookupFunction;
  /** Certificates to trust, as PEM. @default Node's */
  readonly ca?: string;
}

interface Dialed extends Dialing {
  /** Of TLS: with one from before, it need not look at all certificates again. */
  readonly session: Buffer | undefined;
  readonly onread: OnReadOpts;
}

const KEEP_ALIVE_MS = 1_000;

/** The socket of a connection that is being made. */
export function dial({ isSecure, hostname, port }: Target, { lookup, ca, session, onread }: Dialed): Socket {
  const keepAlive = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, noDelay: true };
  const options = { host: hostname, port, onread, ...keepAlive, ...(lookup && { lookup }) };
  if (!isSecure) return connect(options);
  const trust = { rejectUnauthorized: true, ...(ca !== undefined && { ca }), ...(session && { session }) };
  return connectTls({ ...options, ...trust, servername: serverNameOf(hostname), ALPNProtocols: ['http/1.1'] });
}

/** Names alone are sent (RFC 6066 section 3), without the dot that a certificate never has. */
export const serverNameOf = (hostname: string): string => (isIP(hostname) === 0 ? hostname.replace(/\.$/, '') : '');
