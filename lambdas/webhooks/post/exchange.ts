import { TimedOut } from '../../shared/http/connection';
import { type BodySink, TooLong } from '../../shared/http/response-body';
import type { ResponseHead } from '../../shared/http/response-head';
import type { Taker } from '../../shared/http/response-reader';
import type { Post } from '../../shared/http/target';
import { BoundedBody } from './body';
import type { Notes } from './connect';
import type { Line } from './connections';
import { faultOf, type PostFault, timedOut } from './outcome';

/** What comes back of one request, as far as it comes. */
export class Answer implements Taker {
  /** Whatever else a receiver says after its answer: that it has taken the event is said. */
  readonly bearsSurplus = true;
  readonly body = new BoundedBody();
  head: ResponseHead | undefined;
  /** From the request to the head. */
  firstByteMs: number | undefined;
  private readonly sentAt = performance.now();

  begin(head: ResponseHead): BodySink {
    this.firstByteMs = performance.now() - this.sentAt;
    this.head = head;
    return this.body;
  }
}

/** How one request went, by one connection. */
export interface Exchanged {
  readonly answer: Answer;
  readonly address: string | undefined;
  /** What it took to connect; nothing where the connection was kept. */
  readonly notes: Notes | undefined;
  readonly fault: PostFault | undefined;
}

interface Limit {
  /** Of the whole attempt, and what is left of it. */
  readonly timeoutMs: number;
  readonly leftMs: number;
}

/** Sends one request. Never rejects; the connection has ended unless the answer came whole. */
export async function exchange(
  { connection, address }: Line,
  post: Post,
  { timeoutMs, leftMs }: Limit,
  notes?: Notes,
): Promise<Exchanged> {
  const answer = new Answer();
  try {
    await connection.ask(post, answer, leftMs);
    return { answer, address, notes, fault: undefined };
  } catch (error) {
    // Of a body that is too long enough is known.
    return { answer, address, notes, fault: error instanceof TooLong ? undefined : faultIn(error, timeoutMs) };
  }
}

const faultIn = (error: unknown, timeoutMs: number): PostFault =>
  error instanceof TimedOut ? timedOut(timeoutMs) : faultOf(error);

/** What was never sent. */
export const unsent = (fault: PostFault, notes?: Notes): Exchanged => ({
  answer: new Answer(),
  address: notes?.address,
  notes,
  fault,
});
