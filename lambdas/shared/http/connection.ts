import { connect, isIP, type LookupFunction, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type HttpResponse, ResponseReader } from './response-reader';
import type { Post, Target } from './target';

/** What a connection is made with. */
export interface Dialing {
  /** Finds the addresses of a name; no other is asked for. @default the system's */
  readonly lookup?: LookupFunction;
  /** Certificates to trust, as PEM. @default Node's */
  readonly ca?: string;
}

/** What connections to one origin have in common. */
export interface Origin {
  /** Those that are free. */
  readonly free: Connection[];
  /** Of TLS: the next connection need not look at all certificates again. */
  session?: Buffer | undefined;
}

/** The connection ended before its answer did, as one does that the other side has closed while nobody looked. */
export class LostConnection extends Error {
  override name = 'LostConnection';
}

interface Limits {
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
}

interface Exchange {
  readonly reader: ResponseReader;
  resolve(response: HttpResponse): void;
  reject(error: Error): void;
}

/** What node:net reads into: whoever is handed a part of it is done with it when the call returns. */
let received: Buffer | undefined;
const RECEIVED_BYTES = 64 * 1024;
const KEEP_ALIVE_MS = 1_000;
const LOST = new Set(['ECONNRESET', 'EPIPE']);

/**
 * A connection over which requests go one after the other. Measured beside node:http, it takes half of the CPU of a small
 * request (docs/adr/0009): one write for head and body, no streams on the way back, one timer for its whole life.
 */
export class Connection {
  private readonly socket: Socket;
  private exchange: Exchange | undefined;
  private timer: NodeJS.Timeout | undefined;
  private timeoutMs = 0;
  private usableUntilMs = Number.POSITIVE_INFINITY;
  /** What is sent when TLS has looked at the certificate. */
  private unsent: (() => void) | undefined;

  constructor(
    target: Target,
    private readonly origin: Origin,
    dialing: Dialing,
  ) {
    this.socket = dial(target, { ...dialing, session: origin.session }, (bytes) => this.receive(bytes));
    if (target.isSecure) {
      this.unsent = () => undefined;
      this.socket.once('secureConnect', () => this.flush());
      this.socket.on('session', (session: Buffer) => {
        origin.session = session;
      });
    }
    this.socket.on('end', () => this.end());
    this.socket.on('close', () => this.lose('the connection was closed'));
    this.socket.on('error', (error: NodeJS.ErrnoException) =>
      LOST.has(error.code ?? '') ? this.lose(error.message) : this.fail(error),
    );
  }

  /** Whether a request may be sent: none is under way, and the other side has not said that it would be gone by now. */
  get isUsable(): boolean {
    return !this.exchange && !this.socket.destroyed && performance.now() < this.usableUntilMs;
  }

  /** Sends a request and gives back its response. Rejects with a `LostConnection`, or with what else went wrong. */
  ask({ text, encoding }: Post, { timeoutMs, maxAnswerBytes }: Limits): Promise<HttpResponse> {
    this.socket.ref();
    this.limit(timeoutMs);
    return new Promise((resolve, reject) => {
      this.exchange = { reader: new ResponseReader(maxAnswerBytes), resolve, reject };
      const write = () => void this.socket.write(text, encoding);
      if (this.unsent) this.unsent = write;
      else write();
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private flush(): void {
    const { unsent } = this;
    this.unsent = undefined;
    unsent?.();
  }

  private limit(timeoutMs: number): void {
    if (this.timer && this.timeoutMs === timeoutMs) {
      this.timer.refresh();
      return;
    }
    clearTimeout(this.timer);
    this.timeoutMs = timeoutMs;
    // What waits for an answer holds the process by its socket.
    this.timer = setTimeout(() => {
      if (this.exchange) this.fail(new Error(`timeout: no answer in ${timeoutMs} ms`));
    }, timeoutMs).unref();
  }

  private receive(bytes: Buffer): void {
    const { exchange } = this;
    // Nothing was asked.
    if (!exchange) return this.close();
    try {
      const response = exchange.reader.read(bytes);
      if (response) this.answer(exchange, response);
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error('not understood'));
    }
    return undefined;
  }

  private answer(exchange: Exchange, response: HttpResponse): void {
    this.exchange = undefined;
    // Of a request that is still being sent, the rest would be taken for the next one.
    if (response.keptMs > 0 && this.socket.writableLength === 0) {
      this.usableUntilMs = performance.now() + response.keptMs;
      this.socket.unref();
    } else this.close();
    exchange.resolve(response);
  }

  private end(): void {
    const response = this.exchange?.reader.end();
    if (this.exchange && response) this.answer(this.exchange, response);
    else this.lose('the connection was closed');
  }

  private lose(why: string): void {
    this.fail(new LostConnection(why));
  }

  private fail(error: Error): void {
    const { exchange } = this;
    this.exchange = undefined;
    clearTimeout(this.timer);
    this.socket.destroy();
    const at = this.origin.free.indexOf(this);
    if (at >= 0) this.origin.free.splice(at, 1);
    if (!exchange) return;
    // It may be what the other side does not like any more.
    this.origin.session = undefined;
    exchange.reject(error);
  }
}

interface Dialed extends Dialing {
  readonly session: Buffer | undefined;
}

function dial({ isSecure, hostname, port }: Target, dialing: Dialed, take: (bytes: Buffer) => void): Socket {
  const { lookup, ca, session } = dialing;
  received ??= Buffer.allocUnsafeSlow(RECEIVED_BYTES);
  const buffer = received;
  const onread: TcpNetConnectOpts['onread'] = {
    buffer,
    callback(bytes) {
      take(buffer.subarray(0, bytes));
      return true;
    },
  };
  const keepAlive = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, noDelay: true };
  const options = { host: hostname, port, onread, ...keepAlive, ...(lookup && { lookup }) };
  if (!isSecure) return connect(options);
  // Names alone are sent (RFC 6066 section 3), without the dot that a certificate never has.
  const servername = isIP(hostname) === 0 ? hostname.replace(/\.$/, '') : '';
  const trust = { rejectUnauthorized: true, ...(ca !== undefined && { ca }), ...(session && { session }) };
  return connectTls({ ...options, ...trust, servername, ALPNProtocols: ['http/1.1'] });
}
