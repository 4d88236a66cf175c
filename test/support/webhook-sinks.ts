import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

/** How a sink answers its request number `count`, from 1: by a status, or by a connection that is reset. */
export type Behaviour = (count: number) => number | 'reset';

/** A receiver of webhooks that answers as it is told to, and remembers what came. */
export class Sink {
  /** How often each event was answered with 2xx, by its `webhook-id`. */
  readonly taken = new Map<string, number>();
  /** What is wrong with what came: the same id with another body, or no id. */
  readonly faults: string[] = [];
  /** When the last request came, in milliseconds of `performance.now()`. */
  lastMs = 0;
  url = '';
  readonly #bodies = new Map<string, string>();
  #count = 0;
  readonly #server = createServer((request, response) => {
    // A sender that was killed in the middle of its request has sent nothing.
    this.#answer(request, response).catch(() => undefined);
  });

  constructor(
    readonly behaviour: Behaviour,
    readonly delayMs = 0,
  ) {}

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${Object(this.#server.address()).port}/`;
    return this;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = String(request.headers['webhook-id']);
    this.#look(id, await text(request));
    this.#count += 1;
    this.lastMs = performance.now();
    const answer = this.behaviour(this.#count);
    if (this.delayMs > 0) await pause(this.delayMs);
    if (answer === 'reset') request.socket.resetAndDestroy();
    else response.writeHead(answer).end();
    if (answer !== 'reset' && answer < 300) this.taken.set(id, (this.taken.get(id) ?? 0) + 1);
  }

  #look(id: string, body: string): void {
    const digest = createHash('sha256').update(body).digest('base64');
    if (!id.startsWith('evt_')) this.faults.push(`a request had the webhook-id ${id}`);
    if ((this.#bodies.get(id) ?? digest) !== digest) this.faults.push(`${id} came with another body`);
    this.#bodies.set(id, digest);
  }
}
