import type { Socket } from 'node:net';
import { setImmediate as afterPoll } from 'node:timers/promises';
import { commandBytes, type Reply, readReply } from './resp';

export interface Door {
  /** A connection that is being made. */
  connect(): Socket;
  /** User and password, asked for by each connection. */
  login(): Promise<readonly [user: string, password: string]>;
}

export interface Connection {
  /**
   * Sends one command and gives back what is answered, an error of Redis too. Rejects when there is no answer.
   * @param patienceMs what cannot be sent by then is never sent: it would be counted after its caller has left
   */
  ask(words: readonly (string | number)[], patienceMs: number): Promise<Reply>;
}

/** Without a word for so long, while somebody waits, the other side is gone, perhaps while another has taken its place. */
const SILENCE_MS = 1_000;

/** One connection to Redis, made by the first command, and made anew by the next one after it was lost. */
export function redisConnection(door: Door): Connection {
  let line: Line | undefined;
  let making: Promise<Line> | undefined;
  const connected = () =>
    (making ??= signedIn(door)
      .then((made) => (line = made))
      .finally(() => (making = undefined)));

  const send = async (words: readonly (string | number)[], untilMs: number) => {
    const using = line && !line.isOver ? line : await connected();
    if (performance.now() > untilMs) throw new Error('Redis: no connection in time');
    return using.ask(words);
  };
  return {
    async ask(words, patienceMs) {
      const untilMs = performance.now() + patienceMs;
      try {
        return await send(words, untilMs);
      } catch (error) {
        if (error instanceof LineLost && error.mayRepeat) return send(words, untilMs);
        throw error;
      }
    },
  };
}

class LineLost extends Error {
  constructor(
    message: string,
    /** Whether what was asked has hardly been carried out, and a new connection may do better at once. */
    readonly mayRepeat: boolean,
  ) {
    super(`Redis: ${message}`);
  }
}

async function signedIn(door: Door): Promise<Line> {
  const login = await door.login();
  const line = new Line(door.connect());
  const reply = await line.ask(['AUTH', ...login]).catch((error: Error) => error);
  if (!(reply instanceof Error)) return line;
  line.end(reply.message, false);
  // Not as a lost line: it would be repeated.
  throw new Error(reply.message, { cause: reply });
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/** One connection: answers come in the order of the questions. */
class Line {
  isOver = false;
  private received: Buffer = Buffer.alloc(0);
  private readonly waiting: Waiting[] = [];
  /** Commands of this tick. */
  private unsent = '';
  /** Whether anything has come since somebody waits. */
  private isHeard = false;
  private readonly silence = setTimeout(() => void this.giveUp(), SILENCE_MS).unref();

  constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.receive(bytes));
    socket.on('error', (error) => this.lose(error.message));
    socket.on('close', () => this.lose('the connection is closed'));
  }

  async ask(words: readonly (string | number)[]): Promise<Reply> {
    if (this.isOver) throw new LineLost('the connection is closed', true);
    if (this.waiting.length === 0) {
      this.isHeard = false;
      this.silence.refresh();
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      if (this.unsent === '') process.nextTick(() => this.flush());
      this.unsent += commandBytes(words);
    });
  }

  /** What is asked before the event loop turns goes as one: a write is a system call and a record of TLS, 50 µs. */
  private flush(): void {
    const { unsent } = this;
    this.unsent = '';
    if (!this.isOver) this.socket.write(unsent);
  }

  private receive(bytes: Buffer): void {
    this.isHeard = true;
    this.silence.refresh();
    this.received = this.received.length === 0 ? bytes : Buffer.concat([this.received, bytes]);
    try {
      for (let read = readReply(this.received); read; read = readReply(this.received)) {
        this.received = this.received.subarray(read.end);
        this.waiting.shift()?.resolve(read.reply);
      }
    } catch (error) {
      this.end(error instanceof Error ? error.message : 'not understood', false);
    }
  }

  /**
   * While Lambda freezes this environment the other side may close the connection, and nobody notices before its next
   * use: what is asked then is asked once more. Where the line has just spoken, the other side has gone while it worked,
   * and what it has not answered may have been counted.
   */
  private lose(why: string): void {
    this.end(why, !this.isHeard);
  }

  /** Unless the answer was there, and waited for a busy event loop. */
  private async giveUp(): Promise<void> {
    const [oldest] = this.waiting;
    await afterPoll();
    if (oldest && this.waiting[0] === oldest) this.end('no answer in time', false);
  }

  /** Nothing more comes: whoever waits is told. */
  end(why: string, mayRepeat: boolean): void {
    this.isOver = true;
    this.socket.destroy();
    for (const { reject } of this.waiting.splice(0)) reject(new LineLost(why, mayRepeat));
  }
}
