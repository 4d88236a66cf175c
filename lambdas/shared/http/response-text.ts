import { type BodySink, BodyText } from './response-body';
import type { Fields, ResponseHead } from './response-head';
import type { Taker } from './response-reader';

/** A response of which the body is text, within its bound. Taking one throws a `TooLong`. */
export class ResponseText implements Taker {
  readonly bearsSurplus = false;
  private readonly body: BodyText;
  private head: ResponseHead | undefined;

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
