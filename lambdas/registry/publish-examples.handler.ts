import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { customResource } from '../shared/aws/custom-resource';
import { readEnv } from '../shared/env';
import { fromJson } from '../shared/json';
import { openPostgres, postgresEnv } from '../shared/stores/postgres';
import { openRedis, redisEnv } from '../shared/stores/redis';
import { Url } from '../shared/url';
import { composeApart, workerIn } from './compose-apart';
import { publishExamples } from './publish-examples';

const env = readEnv({ ...postgresEnv, ...redisEnv });
const redis = openRedis(env);
const pool = openPostgres(env);
const compose = composeApart(workerIn(join(__dirname, 'compose.js')));

/** The address of each by its name; the SDL lies beside this file (bin/build.ts). */
const Addresses = z.pipe(fromJson, z.record(z.string(), Url));

export const handler = customResource(async ({ subgraphs }) => {
  const drafts = Object.entries(Addresses.parse(subgraphs)).map(([name, url]) => ({
    name,
    url,
    sdl: readFileSync(join(__dirname, `schemas/${name}.graphql`), 'utf8'),
  }));
  await publishExamples(drafts, { pool, redis, compose });
});
