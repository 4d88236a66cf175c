import * as z from 'zod/mini';
import { awsIdentity } from '../shared/aws/aws-token';
import { readEnv } from '../shared/env';
import { gateEnv, openGate } from '../shared/http/gate';
import { serve } from '../shared/http/serve';
import { fromJson } from '../shared/json';
import { statementsOn } from '../shared/stores/postgres';
import { graphRoutes } from './contract';
import { currentLiveGraph } from './current';
import { federatedGraph } from './operations';
import { openSend } from './send';

const onOff = z.enum(['on', 'off']);
const env = readEnv({
  ...gateEnv,
  INTROSPECTION: onOff,
  PRIVATE_TARGETS: onOff,
  /** Of an operation with fields that its caller may not see: `filter` leaves them out, `reject` refuses it. */
  UNAUTHORIZED_FIELDS: z.enum(['filter', 'reject']),
  /** Function URLs that this function's role may call, as JSON: what is sent there is signed by it. */
  SIGNED_URLS: z.pipe(fromJson, z.array(z.url())),
});

const gate = openGate(env);
const current = currentLiveGraph({
  redis: gate.redis,
  sql: statementsOn(gate.pool),
  nowMs: () => performance.now(),
  send: openSend({
    identity: awsIdentity(),
    signedUrls: env.SIGNED_URLS,
    privateTargets: env.PRIVATE_TARGETS === 'on',
  }),
  planning: { introspection: env.INTROSPECTION === 'on' },
  refuseUnauthorized: env.UNAUTHORIZED_FIELDS === 'reject',
});
const { operations, costs } = federatedGraph(current);

export const handler = serve(graphRoutes, operations, { ...gate, costs });
