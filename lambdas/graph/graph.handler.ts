import * as z from 'zod/mini';
import { awsIdentity } from '../shared/aws/aws-token';
import { readEnv } from '../shared/env';
import { gateEnv, openGate } from '../shared/http/gate';
import { openSend } from '../shared/http/send';
import { serve } from '../shared/http/serve';
import { fromJson } from '../shared/json';
import { statementsOn } from '../shared/stores/postgres';
import { graphRoutes } from './contract';
import { currentLiveGraph } from './current';
import { federatedGraph } from './operations';
import { withBreakers } from './subgraph-breaker';
import { tellOfSubgraph } from './tell-of-subgraph';

const onOff = z.enum(['on', 'off']);
const env = readEnv({
  ...gateEnv,
  INTROSPECTION: onOff,
  PRIVATE_TARGETS: onOff,
  /** Function URLs that this function's role may call, as JSON: what is sent there is signed by it. */
  SIGNED_URLS: z.pipe(fromJson, z.array(z.url())),
});

const gate = openGate(env);
const nowMs = () => performance.now();
const current = currentLiveGraph({
  run: gate.run,
  sql: statementsOn(gate.pool),
  nowMs,
  send: withBreakers(
    openSend({
      identity: awsIdentity(),
      signedUrls: env.SIGNED_URLS,
      privateTargets: env.PRIVATE_TARGETS === 'on',
    }),
    { nowMs, tell: tellOfSubgraph },
  ),
  planning: { introspection: env.INTROSPECTION === 'on' },
});
const { operations, costs } = federatedGraph(current);

export const handler = serve(graphRoutes, operations, { ...gate, costs });
