import type { OnReadOpts, Socket } from 'node:net';
import { type Asker, ResponseReader } from './response-reader';
import type { Post } from './target';

/** The connection ended before its answer did, as one does that the other side has closed while nobody looked. */
export class LostConnection extends Error {
  override name = 'LostConnection';
}

export class TimedOut extends Error {
  override name = 'TimedOut';

  constructor(timeoutMs: number) {
    super(`timeout: no answer in ${timeoutMs} ms`);
  }
}

/** For how long a connection without a request is kept, in milliseconds. */
export interface Idling {
  /** Where the other side says nothing. */
  readonly unsaidMs: number;
  /** Where it says how long. */
  readonly mostMs: number;
}

const FOREVER: Idling = { unsaidMs: Number.POSITIVE_INFINITY, mostMs: Number.POSITIVE_INFINITY };

/** What node:net reads into: whoever is handed a part of it is done with it when the call returns. */
let received: Buffer | undefined;
const RECEIVED_BYTES = 64 * 1024;
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/**
 * A connection over which requests go one after the other. Measured beside node:http, it takes half of the CPU of a small
 * request (docs/adr/0009): one write for head and body, no streams on the way back, one timer for its whole life.
 */
export class Connection {
  /** How its socket is to read. */
  readonly onread: OnReadOpts;
  private readonly reader = new ResponseReader();
  private socket: Socket | undefined;
  /** Who waits for a response. */
  private asker: Asker | undefined;
  private timer: NodeJS.Timeout | undefined;
  private timeoutMs = 0;
  private usableUntilMs = Number.POSITIVE_INFINITY;
  private isOver = false;
  /** What is sent when TLS has looked at the certificate. */
  private unsent: (() => void) | undefined;

  /** @param lost told when it has ended, and whether a request was under way */
  constructor(
    private readonly lost: (connection: Connection, wasAsked: boolean) => void,
    private readonly idling: Idling = FOREVER,
  ) {
    const buffer = (received ??= Buffer.allocUnsafeSlow(RECEIVED_BYTES));
    const callback = (bytes: number) => {
      this.receive(buffer.subarray(0, bytes));
      return true;
    };
    this.onread = { buffer, callback };
  }

  /** @param readyOn the event after which something may be sent; without it, that is at once */
  attach(socket: Socket, readyOn?: 'secureConnect'): this {
    this.socket = socket;
    socket.on('end', () => this.end());
    socket.on('close', () => this.lose('the connection was closed'));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      LOST.has(error.code ?? '') ? this.lose(error.message) : this.fail(error),
    );
    if (readyOn) {
      this.unsent = () => undefined;
      socket.once(readyOn, () => this.flush());
    }
    if (this.isOver) socket.destroy();
    return this;
  }

  /** Whether a request may be sent: none is under way, and the other side has not said that it would be gone by now. */
  get isUsable(): boolean {
    return this.isFree && performance.now() < this.usableUntilMs;
  }

  /** Whether it is there, and no request is under way. */
  get isFree(): boolean {
    return !this.asker && !this.isOver && !this.socket?.destroyed;
  }

  /**
   * Sends a request, and tells the asker of its response. It fails with a `LostConnection`, a `TimedOut`, or with what else went
   * wrong. No promise: who asks has one of its own.
   */
  ask({ text, encoding }: Post, asker: Asker, timeoutMs: number): void {
    const { socket } = this;
    if (!socket || !this.isFree) return asker.failed(new LostConnection('the connection was closed'));
    socket.ref();
    this.limit(timeoutMs);
    this.reader.expect(asker);
    this.asker = asker;
    if (this.unsent) this.unsent = () => void socket.write(text, encoding);
    else socket.write(text, encoding);
    return undefined;
  }

  close(): void {
    this.isOver = true;
    this.socket?.destroy();
  }

  private flush(): void {
    const { unsent } = this;
    this.unsent = undefined;
    unsent?.();
  }

  private limit(timeoutMs: number): void {
    if (this.timer && this.timeoutMs === timeoutMs) this.timer.refresh();
    else this.wake(timeoutMs);
  }

  private wake(afterMs: number): void {
    clearTimeout(this.timer);
    this.timeoutMs = afterMs;
    // What waits for an answer holds the process by its socket.
    this.timer = setTimeout(() => this.look(), afterMs).unref();
  }

  /** Whoever waits has waited long enough, or nobody has used it for a while. */
  private look(): void {
    if (this.asker) return this.fail(new TimedOut(this.timeoutMs));
    const leftMs = this.usableUntilMs - performance.now();
    if (leftMs <= 0) this.close();
    else if (leftMs !== Number.POSITIVE_INFINITY) this.wake(Math.ceil(leftMs));
    return undefined;
  }

  private receive(bytes: Buffer): void {
    // Nothing was asked.
    if (!this.asker) return this.close();
    try {
      if (this.reader.read(bytes)) this.answer(this.asker);
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error('not understood'));
    }
    return undefined;
  }

  private answer(asker: Asker): void {
    this.asker = undefined;
    const { socket, reader, idling } = this;
    const keptMs = Math.min(
      reader.keptMs,
      reader.keptMs === Number.POSITIVE_INFINITY ? idling.unsaidMs : idling.mostMs,
    );
    // Of a request that is still being sent, the rest would be taken for the next one.
    if (keptMs > 0 && socket?.writableLength === 0) {
      this.usableUntilMs = performance.now() + keptMs;
      socket.unref();
    } else this.close();
    asker.whole();
  }

  private end(): void {
    if (this.asker && this.reader.end()) {
      this.reader.keptMs = 0;
      this.answer(this.asker);
    } else this.lose('the connection was closed');
  }

  private lose(why: string): void {
    this.fail(new LostConnection(why));
  }

  private fail(error: Error): void {
    const { asker } = this;
    this.asker = undefined;
    clearTimeout(this.timer);
    this.close();
    this.lost(this, asker !== undefined);
    asker?.failed(error);
  }
}
