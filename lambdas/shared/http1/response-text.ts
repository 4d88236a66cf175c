import type { Connection } from './connection';
import { type BodySink, BodyText } from './response-body';
import type { Fields, ResponseHead } from './response-head';
import type { Asker } from './response-reader';
import type { Post } from './target';

/** A response of which the body is text, within its bound. One that is longer fails with a `TooLong`. */
export class ResponseText implements Asker {
  readonly bearsSurplus = false;
  private readonly body: BodyText;
  private head: ResponseHead | undefined;
  private resolve: () => void = () => undefined;
  private reject: (error: Error) => void = () => undefined;

  /** @param whose body is waited for: `successes` are those with 200 */
  constructor(
    mostBytes: number,
    private readonly whose: 'all' | 'successes',
  ) {
    this.body = new BodyText(mostBytes);
  }

  begin(head: ResponseHead): BodySink | undefined {
    this.head = head;
    if (this.whose === 'successes' && head.status !== 200) return undefined;
    this.body.expect(head.length);
    return this.body;
  }

  /** Asks for it, until it is whole. Rejects as `ask` fails. */
  over(connection: Connection, post: Post, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      connection.ask(post, this, timeoutMs);
    });
  }

  whole(): void {
    this.resolve();
  }

  failed(error: Error): void {
    this.reject(error);
  }

  get status(): number {
    return this.head?.status ?? 0;
  }

  get fields(): Fields {
    return this.head?.fields ?? {};
  }

  get text(): string {
    return this.body.text();
  }
}
