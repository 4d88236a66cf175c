import type { Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { arn } from '../aws/arn';
import { openPort } from '../http/listen';
import { connectRedis, type RedisAddress } from '../stores/redis';
import type { Running } from '../types';
import type { Certificate } from './certificate';
import { type Command, readCommand, writeCommand } from './resp';
import { type Guardhouse, isToken, refusal } from './token';

export interface RedisDoorOptions extends Guardhouse {
  readonly certificate: Certificate;
  /** The plain Redis behind. */
  readonly upstream: RedisAddress;
  /** ServerlessCacheName: what tokens are made for. */
  readonly cacheName: string;
}

/** User and token of `AUTH user token` and `HELLO 3 AUTH user token ...`; undefined for any other command. */
function loginOf({ words }: Command): { user: string; token: string } | undefined {
  const name = words[0]?.toUpperCase();
  const at = name === 'HELLO' ? words.findIndex((word) => word.toUpperCase() === 'AUTH') : 0;
  if ((name !== 'AUTH' && name !== 'HELLO') || at < 0) return undefined;
  // AUTH with one word is a password for the user `default`, who has no token.
  const [first = '', second] = words.slice(at + 1, name === 'AUTH' ? undefined : at + 3);
  return second === undefined ? { user: 'default', token: first } : { user: first, token: second };
}

/** ElastiCache asks for elasticache:Connect on the cache and on the user. */
const judge = (user: string, token: string, options: RedisDoorOptions) =>
  isToken(token)
    ? refusal(
        token,
        {
          service: 'elasticache',
          hosts: [options.cacheName.toLowerCase()],
          parameters: { Action: 'connect', User: user, ResourceType: 'ServerlessCache' },
          action: 'elasticache:Connect',
          resources: [[arn('elasticache', `serverlesscache:${options.cacheName}`), arn('elasticache', `user:${user}`)]],
        },
        options,
      )
    : 'not a token';

/** From here on the door only carries: both ways, without looking. */
function join(client: TLSSocket, upstream: Socket, rest: Buffer): void {
  upstream.on('error', () => client.destroy());
  upstream.on('close', () => client.destroy());
  client.on('close', () => upstream.destroy());
  if (rest.length > 0) upstream.write(rest);
  client.pipe(upstream);
  upstream.pipe(client);
}

/** HELLO answers with what the server is, so it is sent on without its AUTH; AUTH itself is answered here. */
function greet(client: TLSSocket, { words }: Command): Buffer {
  if (words[0]?.toUpperCase() === 'AUTH') {
    client.write('+OK\r\n');
    return Buffer.alloc(0);
  }
  const at = words.findIndex((word) => word.toUpperCase() === 'AUTH');
  return Buffer.from(writeCommand([...words.slice(0, at), ...words.slice(at + 3)]));
}

/** Answers a command before the login. Gives true when it was a login that is good. */
function admits(client: TLSSocket, command: Command, options: RedisDoorOptions): boolean {
  const login = loginOf(command);
  if (!login) {
    if (command.words[0]?.toUpperCase() === 'QUIT') client.end('+OK\r\n');
    else client.write('-NOAUTH Authentication required.\r\n');
    return false;
  }
  const why = judge(login.user, login.token, options);
  // AWS says the first sentence only; the reason is for the one who sits before this machine.
  if (why) client.write(`-WRONGPASS invalid username-password pair or user is disabled. (${why})\r\n`);
  return why === undefined;
}

/** Reads commands one by one until one is a good login; `rest` is what came behind it. */
async function admitted(
  client: TLSSocket,
  options: RedisDoorOptions,
): Promise<{ command: Command; rest: Buffer } | undefined> {
  let buffer = Buffer.alloc(0);
  for await (const chunk of client.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    buffer = Buffer.concat([buffer, chunk]);
    for (let command = readCommand(buffer); command; command = readCommand(buffer)) {
      buffer = buffer.subarray(command.bytes);
      if (admits(client, command, options)) return { command, rest: buffer };
    }
  }
  return undefined;
}

async function serve(client: TLSSocket, options: RedisDoorOptions): Promise<void> {
  const entered = await admitted(client, options);
  if (!entered) return;
  const upstream = await connectRedis(options.upstream);
  join(client, upstream, Buffer.concat([greet(client, entered.command), entered.rest]));
}

/** ElastiCache's front on the loopback: TLS, and IAM tokens as passwords. */
export async function startRedisDoor(options: RedisDoorOptions): Promise<Running & { port: number }> {
  const { key, cert } = options.certificate;
  const server = createServer({ key, cert }, (client) => {
    client.setNoDelay(true);
    client.on('error', () => client.destroy());
    serve(client, options).catch(() => client.destroy());
  });
  return openPort(server);
}
