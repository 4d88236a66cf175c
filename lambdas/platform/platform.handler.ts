import { version } from '../../package.json';
import { readEnv, text } from '../shared/env';
import { gateEnv, openGate } from '../shared/http/gate';
import { serve } from '../shared/http/serve';
import { statementsOn } from '../shared/stores/postgres';
import { filesIn } from './assets';
import { platformRoutes } from './contract';
import { platform } from './platform';
import { keysProbe, postgresProbe, redisProbe } from './probes';

const env = readEnv({ ...gateEnv, KEYS_TABLE: text, STAGE: text });
const gate = openGate(env);

export const handler = serve(
  platformRoutes,
  platform({
    probing: {
      probes: [postgresProbe(statementsOn(gate.pool)), redisProbe(gate.redis), keysProbe(env.KEYS_TABLE)],
      deadlineMs: 1_000,
      now: () => performance.now(),
    },
    files: filesIn(__dirname),
    build: { version, stage: env.STAGE },
    isDegraded: () => gate.redis.isAway,
  }),
  gate,
);
