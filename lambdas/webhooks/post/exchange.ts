import type { Dispatcher } from 'undici';
import { BoundedBody } from './body';
import type { Notes } from './connect';
import type { Connection } from './connection';
import { faultOf, type PostFault } from './outcome';

export interface Sent {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** What came back by one connection. */
export interface Answer {
  /** Of the connection: what it took, unless it was kept. */
  readonly notes: Notes;
  /** Whether the connection had been kept from an earlier request. */
  readonly isKept: boolean;
  readonly status?: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: BoundedBody;
  readonly firstByteMs?: number;
  readonly fault?: PostFault;
}

/** One request and its answer by one connection, which is ended unless the answer came whole. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Answer>;
  private settle: (answer: Answer) => void = () => undefined;
  private readonly body = new BoundedBody();
  private status: number | undefined;
  private headers: Readonly<Record<string, string>> = {};
  private isKept = false;
  private sentAt = 0;
  private firstByteMs: number | undefined;

  constructor(
    private readonly connection: Connection,
    { path, headers, body }: Sent,
  ) {
    this.answer = new Promise((resolve) => (this.settle = resolve));
    connection.client.dispatch({ path, method: 'POST', headers, body }, this);
  }

  onRequestStart(): void {
    this.sentAt = performance.now();
    this.isKept = this.connection.wasUsed;
    this.connection.isHeadAwaited = true;
  }

  onResponseStart(_: unknown, status: number, headers: NodeJS.Dict<string | string[]>): void {
    // 103 and others of its kind: the answer is still to come.
    if (status < 200) return;
    this.connection.isHeadAwaited = false;
    this.firstByteMs = performance.now() - this.sentAt;
    this.status = status;
    this.headers = joined(headers);
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    this.body.add(chunk);
    if (this.body.isLonger) this.end(new Error('its body is too long'));
  }

  onResponseEnd(): void {
    this.finish();
  }

  onResponseError(_: unknown, error: Error): void {
    this.abort(faultOf(error));
  }

  /** Ends it here, whatever it is doing. */
  abort(fault: PostFault): void {
    this.end(fault, fault);
  }

  private end(reason: Error, fault?: PostFault): void {
    this.finish(fault);
    this.connection.end(reason);
  }

  /** The first end counts. */
  private finish(fault?: PostFault): void {
    const { connection, isKept, status, headers, body, firstByteMs } = this;
    this.settle({
      notes: connection.notes,
      isKept,
      headers,
      body,
      ...(status !== undefined && { status }),
      ...(firstByteMs !== undefined && { firstByteMs }),
      ...(fault && { fault }),
    });
  }
}

function joined(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const all: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    all[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  return all;
}

/** The answer to what was never sent. */
export const unsent = (fault: PostFault): Answer => ({
  notes: { times: {} },
  isKept: false,
  headers: {},
  body: new BoundedBody(),
  fault,
});
