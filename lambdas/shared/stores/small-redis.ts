import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type RedisAddress, redisToken } from './redis-address';
import { commandBytes, type Reply, readReply } from './resp';

/** Sends one command. What ioredis has too: code that needs no more takes either. */
export interface Commands {
  call(command: string, ...values: (string | number)[]): Promise<unknown>;
}

export interface Door {
  /** A connection that is being made. */
  connect(): Socket;
  /** User and password, asked for by each connection. */
  login(): Promise<readonly [user: string, password: string]>;
}

const CONNECT_TIMEOUT_MS = 1_000;
const COMMAND_TIMEOUT_MS = 1_000;

/**
 * The few commands that an authorizer sends, over one connection that is made by the first of them. ioredis does all
 * that Redis can and is 200 kB of code, which every cold start of every caller's first request would load (npm run
 * bench -- auth).
 */
export const openSmallRedis = (address: RedisAddress): Commands =>
  smallRedis({
    connect: () => connectTls({ host: address.REDIS_HOST, port: address.REDIS_PORT }),
    login: async () => [address.REDIS_USER, await redisToken(address)],
  });

export function smallRedis(door: Door): Commands {
  let line: Promise<Line> | undefined;
  const send = async (words: readonly (string | number)[]) => {
    line ??= signedIn(door);
    const using = line;
    try {
      return await (await using).ask(words);
    } catch (error) {
      if (error instanceof LineLost && line === using) line = undefined;
      throw error;
    }
  };
  return {
    async call(...words) {
      try {
        return await send(words);
      } catch (error) {
        // While Lambda freezes this environment the other side may close the connection: nobody notices before its next use.
        if (error instanceof LineLost && error.mayRepeat) return send(words);
        throw error;
      }
    },
  };
}

class LineLost extends Error {
  constructor(
    message: string,
    /** Whether a new connection may do better at once. */
    readonly mayRepeat: boolean,
  ) {
    super(`Redis: ${message}`);
  }
}

async function signedIn(door: Door): Promise<Line> {
  const [user, password] = await door.login();
  const line = new Line(door.connect());
  await line.ask(['AUTH', user, password], CONNECT_TIMEOUT_MS).catch((error: unknown) => {
    line.end('no connection', false);
    throw new LineLost(error instanceof Error ? error.message : 'no connection', false);
  });
  line.isUsed = true;
  return line;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/** One connection: answers come in the order of the questions. */
class Line {
  isUsed = false;
  private received: Buffer = Buffer.alloc(0);
  private readonly waiting: Waiting[] = [];
  private lost: LineLost | undefined;

  constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.receive(bytes));
    socket.on('error', (error) => this.end(error.message, this.isUsed));
    socket.on('close', () => this.end('the connection is closed', this.isUsed));
  }

  async ask(words: readonly (string | number)[], timeoutMs = COMMAND_TIMEOUT_MS): Promise<Exclude<Reply, Error>> {
    if (this.lost) throw this.lost;
    const timer = setTimeout(() => this.end('no answer in time', false), timeoutMs);
    try {
      const reply = await new Promise<Reply>((resolve, reject) => {
        this.waiting.push({ resolve, reject });
        this.socket.write(commandBytes(words));
      });
      if (reply instanceof Error) throw reply;
      return reply;
    } finally {
      clearTimeout(timer);
    }
  }

  private receive(bytes: Buffer): void {
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

  /** Nothing more comes: whoever waits is told. */
  end(why: string, mayRepeat: boolean): void {
    this.lost ??= new LineLost(why, mayRepeat);
    this.socket.destroy();
    for (const { reject } of this.waiting.splice(0)) reject(this.lost);
  }
}
