import { TimedOut } from '../../shared/http1/connection';
import { type BodySink, TooLong } from '../../shared/http1/response-body';
import type { ResponseHead } from '../../shared/http1/response-head';
import type { Asker } from '../../shared/http1/response-reader';
import type { Post } from '../../shared/http1/target';
import { BoundedBody } from './body';
import type { Notes } from './connect';
import type { Line } from './connections';
import { faultOf, type PostFault, timedOut } from './outcome';

/** One request by one connection, and what comes back of it as far as it comes. */
export class Exchange implements Asker {
  /** Whatever else a receiver says after its answer: that it has taken the event is said. */
  readonly bearsSurplus = true;
  readonly body = new BoundedBody();
  head: ResponseHead | undefined;
  /** From the request to the head. */
  firstByteMs: number | undefined;
  fault: PostFault | undefined;
  private sentAt = 0;
  private timeoutMs = 0;
  private settle: (ended: this) => void = () => undefined;

  /** @param notes what it took to connect; nothing where the connection was kept */
  constructor(
    readonly address: string | undefined,
    readonly notes: Notes | undefined,
  ) {}

  /** Sends the request. Never rejects; the connection has ended unless the answer came whole. */
  by({ connection }: Line, post: Post, { timeoutMs, leftMs }: Limit): Promise<this> {
    this.timeoutMs = timeoutMs;
    return new Promise((resolve) => {
      this.settle = resolve;
      this.sentAt = performance.now();
      connection.ask(post, this, leftMs);
    });
  }

  begin(head: ResponseHead): BodySink {
    this.firstByteMs = performance.now() - this.sentAt;
    this.head = head;
    return this.body;
  }

  whole(): void {
    this.settle(this);
  }

  failed(error: unknown): void {
    // Of a body that is too long enough is known.
    if (!(error instanceof TooLong)) this.fault = error instanceof TimedOut ? timedOut(this.timeoutMs) : faultOf(error);
    this.settle(this);
  }
}

interface Limit {
  /** Of the whole attempt, and what is left of it. */
  readonly timeoutMs: number;
  readonly leftMs: number;
}

/** What was never sent. */
export function unsent(fault: PostFault, notes?: Notes): Exchange {
  const exchange = new Exchange(notes?.address, notes);
  exchange.fault = fault;
  return exchange;
}
