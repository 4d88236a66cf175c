import * as z from 'zod/mini';
import { awsIdentity } from '../shared/aws/aws-token';
import { readEnv, text } from '../shared/env';
import { gateEnv, openGate } from '../shared/http/gate';
import { openSend, sendEnv, sendOptionsOf } from '../shared/http/send';
import { serve } from '../shared/http/serve';
import { statementsOn } from '../shared/stores/postgres';
import { keptSecret } from '../shared/stores/secrets';
import { graphRoutes } from './contract';
import { currentLiveGraph } from './current';
import { federatedGraph } from './operations';
import { principalsBy } from './principals';
import { withBreakers } from './subgraph-breaker';
import { tellOfSubgraph } from './tell-of-subgraph';

const env = readEnv({
  ...gateEnv,
  ...sendEnv,
  /** Of what principals are signed with for subgraphs. */
  SUBGRAPH_KEY_SECRET: text,
  INTROSPECTION: z.enum(['on', 'off']),
});

const gate = openGate(env);
const nowMs = () => performance.now();
const current = currentLiveGraph({
  run: gate.run,
  sql: statementsOn(gate.pool),
  nowMs,
  send: withBreakers(openSend(sendOptionsOf(env, awsIdentity())), { nowMs, tell: tellOfSubgraph }),
  planning: { introspection: env.INTROSPECTION === 'on' },
});
const secret = keptSecret(env.SUBGRAPH_KEY_SECRET);
const { operations, costs } = federatedGraph(current, principalsBy({ secret, nowMs: Date.now }));

export const handler = serve(graphRoutes, operations, { ...gate, costs });
