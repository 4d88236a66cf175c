import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Redis } from 'ioredis';
import { buildFunctions } from '../bin/build';
import { JWKS_RECORD, signToken } from '../lambdas/shared/credentials/jwt';
import { knownKeys, newRing, signingKey } from '../lambdas/shared/credentials/key-ring';
import { copyOf } from '../lambdas/shared/stores/records';
import { count, median, row, say } from './measure';
import { CACHE, CREDENTIALS, startStores, USER } from './stores';

const BUNDLE = resolve('dist/functions/authorizer/index.js');
const MOST_BYTES = 200 * 1024;
const MOST_TIMES = 2;
const RUNS = 21;
const ISSUER = 'https://api.example.com';

/** Loads a function, invokes it once where there is an event, and ends. */
const LOAD = 'require(process.env.FUNCTION)';
const INVOKE = `${LOAD}.handler(JSON.parse(process.env.EVENT)).then(() => process.exit(0))`;
const EMPTY = `(async () => ({}))(JSON.parse(process.env.EVENT)).then(() => process.exit(0))`;

/** The size of the authorizer's code, and the time from nothing to its first answer. */
export async function boundAndCold(): Promise<void> {
  if (!existsSync(BUNDLE)) await buildFunctions();
  const { size } = statSync(BUNDLE);
  say("The authorizer's bundle");
  row('minified, without its source map', `${count(size)} bytes`, size / MOST_BYTES, 1);
  say();

  const stores = await startStores();
  try {
    const env = { ...(await world(stores)), FUNCTION: BUNDLE };
    const contenders = [
      { name: 'an empty function, with its first invocation', script: EMPTY },
      { name: 'the authorizer, loaded', script: LOAD },
      { name: 'the authorizer, with its first token verified', script: INVOKE },
    ];
    const times = contenders.map((): number[] => []);
    for (let run = 0; run < RUNS; run += 1)
      for (const [index, { script }] of contenders.entries()) times[index]?.push(await timed(script, env));
    say(`Cold start: a new process of node until it ends, ${RUNS} times in turns; Redis by TLS with an IAM token`);
    const [empty = 1] = times.map(median);
    for (const [index, { name }] of contenders.entries()) {
      const time = median(times[index] ?? []);
      row(name, `${time.toFixed(1)} ms`, time / empty, index === 0 ? undefined : MOST_TIMES);
    }
  } finally {
    await stores.stop();
  }
}

async function timed(script: string, env: NodeJS.ProcessEnv): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, ['-e', script], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error('the function failed');
  return performance.now() - began;
}

/** The environment that Lambda gives the authorizer, its keys in Redis, and a request with a good token. */
async function world({ address, port, caFile }: Awaited<ReturnType<typeof startStores>>) {
  const ring = newRing();
  const { kid, privateKey } = signingKey(ring);
  const client = new Redis({ host: address.host, port: address.port, password: address.password ?? '' });
  await client.set(copyOf(JWKS_RECORD), JSON.stringify(knownKeys(ring)));
  client.disconnect();
  const iat = Math.floor(Date.now() / 1000);
  const id = '0b7c1f5e-3c0d-4f6a-8d1e-2a9b6c4d5e6f';
  const claims = { iss: ISSUER, aud: ISSUER, sub: id, client_id: 'gatehouse', iat, nbf: iat, exp: iat + 900, jti: id };
  const token = signToken({ ...claims, sid: id, org: id, roles: ['viewer'], plan: 'free', ver: 1 }, kid, privateKey);
  return {
    PATH: process.env.PATH,
    NODE_EXTRA_CA_CERTS: caFile,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    REDIS_HOST: 'localhost',
    REDIS_PORT: String(port),
    REDIS_USER: USER,
    REDIS_CACHE_NAME: CACHE,
    KEYS_TABLE: 'keys',
    PEPPER_SECRET: 'pepper',
    ISSUER_KEYS_URL: 'http://127.0.0.1:1/',
    EVENT: JSON.stringify({
      methodArn: 'arn:aws:execute-api:us-east-1:000000000000:api/live/GET/v1/members',
      headers: { Authorization: `Bearer ${token}` },
      stageVariables: { publicUrl: ISSUER },
      requestContext: { requestId: 'bench', identity: { sourceIp: '192.0.2.1' } },
    }),
  };
}
