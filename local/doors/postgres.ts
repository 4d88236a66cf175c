import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { Client, DatabaseError } from 'pg';
import { arn } from '../aws/arn';
import { openPort } from '../http/listen';
import type { Running } from '../types';
import type { Certificate } from './certificate';
import {
  ASK_PASSWORD,
  CANCEL_REQUEST,
  fatal,
  GSSENC_REQUEST,
  type Packet,
  readPassword,
  readStartup,
  SSL_REQUEST,
  startupParameters,
} from './postgres-messages';
import { type Guardhouse, isToken, refusal } from './token';

export interface PostgresDoorOptions extends Guardhouse {
  readonly certificate: Certificate;
  /** The PostgreSQL behind: its port, and the folder of the socket on which every user is trusted. */
  readonly upstream: { readonly port: number; readonly socketFolder: string };
  /** Ids of the cluster (`cluster-...`) and of its proxies (`prx-...`): rds-db:connect on one of them is enough. */
  readonly resourceIds: readonly string[];
}

const upstreamSocket = ({ upstream }: PostgresDoorOptions) =>
  connect(join(upstream.socketFolder, `.s.PGSQL.${upstream.port}`));

/** A connection that is read packet by packet until the login is done. */
class Reader {
  #buffer: Buffer = Buffer.alloc(0);
  constructor(readonly socket: Socket) {}

  /** The next packet. Rejects when the client leaves or sends what is none. */
  async next<T extends { bytes: number }>(read: (buffer: Buffer) => T | undefined): Promise<T> {
    for (;;) {
      const packet = read(this.#buffer);
      if (packet) {
        this.#buffer = this.#buffer.subarray(packet.bytes);
        return packet;
      }
      this.#buffer = Buffer.concat([this.#buffer, await this.#chunk()]);
    }
  }

  #chunk(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const left = () => reject(new Error('the client left'));
      this.socket.once('close', left);
      this.socket.once('data', (chunk: Buffer) => {
        this.socket.pause();
        this.socket.off('close', left);
        resolve(chunk);
      });
      this.socket.resume();
    });
  }
}

/** A cancellation has no login: the secret key in it is its proof, and PostgreSQL judges that. */
function cancel(socket: Socket, packet: Packet, options: PostgresDoorOptions): void {
  const upstream = upstreamSocket(options);
  const head = Buffer.alloc(4);
  head.writeInt32BE(packet.bytes);
  upstream.on('error', () => socket.destroy());
  upstream.end(Buffer.concat([head, packet.body]));
  upstream.on('close', () => socket.end());
}

/** Answers the requests before the startup, over TLS or before it. Gives undefined after a cancellation. */
async function startup(socket: Socket, tls: SecureContext, options: PostgresDoorOptions) {
  let reader = new Reader(socket);
  for (;;) {
    const packet = await reader.next(readStartup);
    if (packet.code === CANCEL_REQUEST) return cancel(reader.socket, packet, options);
    if (packet.code === GSSENC_REQUEST) reader.socket.write('N');
    else if (packet.code === SSL_REQUEST) {
      socket.write('S');
      const secured = new TLSSocket(socket, { isServer: true, secureContext: tls });
      secured.on('error', () => secured.destroy());
      reader = new Reader(secured);
    } else return { reader, packet, encrypted: reader.socket !== socket };
  }
}

/** Judges a token as Aurora and RDS Proxy do. */
const judge = (user: string, token: string, options: PostgresDoorOptions) =>
  refusal(
    token,
    {
      service: 'rds-db',
      hosts: ['localhost', '127.0.0.1'],
      parameters: { Action: 'connect', DBUser: user },
      action: 'rds-db:connect',
      resources: options.resourceIds.map((id) => [arn('rds-db', `dbuser:${id}/${user}`)]),
    },
    options,
  );

/** Tries an ordinary password with PostgreSQL itself, and gives what it refuses with. */
async function tryPassword(parameters: Readonly<Record<string, string>>, password: string, port: number) {
  const { user = '', database = user } = parameters;
  const client = new Client({ host: '127.0.0.1', port, user, password, database });
  try {
    await client.connect();
    await client.end();
    return undefined;
  } catch (error) {
    const code = error instanceof DatabaseError ? error.code : undefined;
    return fatal(code ?? '08006', error instanceof Error ? error.message : String(error));
  }
}

/** The answer to a login that is not good; undefined for one that is. */
function loginError(parameters: Readonly<Record<string, string>>, password: string, options: PostgresDoorOptions) {
  const { user = '' } = parameters;
  if (!isToken(password)) return tryPassword(parameters, password, options.upstream.port);
  const why = judge(user, password, options);
  // Aurora says the first sentence only; the reason is for the one who sits before this machine.
  return why === undefined ? undefined : fatal('28P01', `PAM authentication failed for user "${user}"`, why);
}

/** Sends the client's own startup packet on to the trusted socket; from there on the door only carries. */
function carry(client: Socket, packet: Packet, options: PostgresDoorOptions): void {
  const upstream = upstreamSocket(options);
  upstream.on('error', () => client.destroy());
  upstream.on('close', () => client.destroy());
  client.on('close', () => upstream.destroy());
  const head = Buffer.alloc(4);
  head.writeInt32BE(packet.bytes);
  upstream.write(Buffer.concat([head, packet.body]));
  client.pipe(upstream).pipe(client);
}

async function serve(socket: Socket, tls: SecureContext, options: PostgresDoorOptions): Promise<void> {
  const started = await startup(socket, tls, options);
  if (!started) return;
  const { reader, packet, encrypted } = started;
  if (!encrypted) {
    socket.end(fatal('28000', 'This RDS Proxy requires TLS connections'));
    return;
  }
  reader.socket.write(ASK_PASSWORD);
  const { password } = await reader.next(readPassword);
  const error = await loginError(startupParameters(packet), password, options);
  if (error) reader.socket.end(error);
  else carry(reader.socket, packet, options);
}

/** RDS Proxy's front on the loopback: TLS, and IAM tokens or passwords. */
export async function startPostgresDoor(options: PostgresDoorOptions): Promise<Running & { port: number }> {
  const { key, cert } = options.certificate;
  const tls = createSecureContext({ key, cert });
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    serve(socket, tls, options).catch(() => socket.destroy());
  });
  return openPort(server);
}
