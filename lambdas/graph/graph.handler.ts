import * as z from 'zod/mini';
import { awsIdentity } from '../shared/aws/aws-token';
import { readEnv } from '../shared/env';
import { gateEnv, openGate } from '../shared/http/gate';
import { openSend, sendEnv, sendOptionsOf } from '../shared/http/send';
import { serve } from '../shared/http/serve';
import { statementsOn } from '../shared/stores/postgres';
import { graphRoutes } from './contract';
import { currentLiveGraph } from './current';
import { federatedGraph } from './operations';
import { withBreakers } from './subgraph-breaker';
import { tellOfSubgraph } from './tell-of-subgraph';

const env = readEnv({
  ...gateEnv,
  ...sendEnv,
  INTROSPECTION: z.enum(['on', 'off']),
  /** Of an operation with fields that its caller may not see: `filter` leaves them out, `reject` refuses it. */
  UNAUTHORIZED_FIELDS: z.enum(['filter', 'reject']),
});

const gate = openGate(env);
const nowMs = () => performance.now();
const current = currentLiveGraph({
  redis: gate.redis,
  sql: statementsOn(gate.pool),
  nowMs,
  send: withBreakers(openSend(sendOptionsOf(env, awsIdentity())), { nowMs, tell: tellOfSubgraph }),
  planning: { introspection: env.INTROSPECTION === 'on' },
  refuseUnauthorized: env.UNAUTHORIZED_FIELDS === 'reject',
});
const { operations, costs } = federatedGraph(current);

export const handler = serve(graphRoutes, operations, { ...gate, costs });
