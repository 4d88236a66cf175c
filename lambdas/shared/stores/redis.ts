import { connect as connectTls } from 'node:tls';
import { awsIdentity, connectToken } from '../aws/aws-token';
import { port, text } from '../env';
import { logLine } from '../log-line';
import { breaker, CONNECT_MS, DEADLINE_MS, PATIENCE_MS, PROBE_EVERY_MS } from './breaker';
import { type Door, redisConnection } from './redis-connection';
import type { Reply } from './resp';
import { isUnknownScript } from './script';

/** Sends one command. */
export interface Commands {
  call(command: string, ...values: (string | number)[]): Promise<unknown>;
}

/**
 * How functions speak to Redis: a command is answered within the deadline, or not at all while Redis is away. Rejects
 * with `RedisAway`.
 */
export interface Redis extends Commands {
  /** For what cannot be done without an answer: Redis is asked in any case, and awaited for a second. */
  readonly insist: Commands;
  /** Whether Redis is known to be away. */
  readonly isAway: boolean;
}

/** The variables that `Cache.grantConnect` sets in lib/data.ts. */
export const redisEnv = { REDIS_HOST: text, REDIS_PORT: port, REDIS_USER: text, REDIS_CACHE_NAME: text };

export interface RedisAddress {
  readonly REDIS_HOST: string;
  readonly REDIS_PORT: number;
  readonly REDIS_USER: string;
  readonly REDIS_CACHE_NAME: string;
}

/** Valkey over TLS. Nothing connects before the first command; each connection signs in with an IAM token of its own. */
export const openRedis = ({ REDIS_HOST: host, REDIS_PORT, REDIS_USER, REDIS_CACHE_NAME }: RedisAddress): Redis =>
  redisBehind({
    connect: () => connectTls({ host, port: REDIS_PORT }),
    login: async () => {
      const signed = { User: REDIS_USER, ResourceType: 'ServerlessCache' };
      return [REDIS_USER, await connectToken(awsIdentity(), 'elasticache', REDIS_CACHE_NAME, signed)];
    },
  });

/** Commands over one connection, with the deadline and the breaker that all of an environment share. */
export function redisBehind(door: Door): Redis {
  const connection = redisConnection(door);
  const circuit = breaker({
    deadlineMs: DEADLINE_MS,
    probeEveryMs: PROBE_EVERY_MS,
    probe: () => connection.ask(['PING'], PATIENCE_MS).then(answered),
    nowMs: () => performance.now(),
    onChange(state, error) {
      if (state === 'open') logLine('WARN', 'Redis is away', { error });
      else logLine('INFO', 'Redis is back', {});
    },
  });
  const ask = async (words: readonly (string | number)[], patienceMs: number) => {
    const sendByMs = Math.max(patienceMs, DEADLINE_MS);
    const reply = await circuit.run(() => connection.ask(words, sendByMs).then(answered), patienceMs);
    if (reply instanceof Error) throw reply;
    return reply;
  };

  let connectedByMs: number | undefined;
  /** Only the first commands wait for the connection to be made. */
  const untilConnected = () => {
    connectedByMs ??= performance.now() + CONNECT_MS;
    return Math.max(0, connectedByMs - performance.now());
  };
  return {
    call: (...words) => ask(words, untilConnected()),
    insist: { call: (...words) => ask(words, PATIENCE_MS) },
    get isAway() {
      return circuit.isOpen;
    },
  };
}

/** An error of Redis is a failure as any other, but for the one that asks for a script's text. */
function answered(reply: Reply): Reply {
  if (reply instanceof Error && !isUnknownScript(reply)) throw reply;
  return reply;
}
