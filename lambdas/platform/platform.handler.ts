import { version } from '../../package.json';
import { readEnv, text } from '../shared/env';
import { openPostgres, postgresEnv } from '../shared/postgres';
import { openRedis, redisEnv } from '../shared/redis';
import { serve, serveEnv } from '../shared/serve';
import { filesIn } from './assets';
import { platformRoutes } from './contract';
import { platform } from './platform';
import { keysProbe, postgresProbe, redisProbe } from './probes';

const env = readEnv({ ...serveEnv, ...postgresEnv, ...redisEnv, KEYS_TABLE: text, STAGE: text });

export const handler = serve(
  platformRoutes,
  platform({
    probing: {
      probes: [postgresProbe(openPostgres(env)), redisProbe(() => openRedis(env)), keysProbe(env.KEYS_TABLE)],
      deadlineMs: 1_000,
      now: () => performance.now(),
    },
    files: filesIn(__dirname),
    build: { version, stage: env.STAGE },
  }),
  { corsOrigin: env.CORS_ORIGIN },
);
