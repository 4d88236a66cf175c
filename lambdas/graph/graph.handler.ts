import * as z from 'zod/mini';
import { awsIdentity } from '../shared/aws/aws-token';
import { SUBGRAPH_KEY_FRESH_SECONDS } from '../shared/credentials/subgraph-secret';
import { readEnv, text } from '../shared/env';
import { DOCUMENTS, NO_MANIFESTS } from '../shared/graph/documents';
import { DEFAULT_GRAPH_SETTINGS, GRAPH } from '../shared/graph/settings';
import { gateEnv, openGate } from '../shared/http/gate';
import { openSend, sendEnv, sendOptionsOf } from '../shared/http/send';
import { serve } from '../shared/http/serve';
import { liveSettings } from '../shared/settings/live-settings';
import { settingsSource } from '../shared/settings/stored-settings';
import { freshSecret } from '../shared/stores/fresh-secret';
import { statementsOn } from '../shared/stores/postgres';
import { graphRoutes } from './contract';
import { currentLiveGraph } from './current';
import { federatedGraph } from './operations';
import { principalsBy } from './principals';
import { withBreakers } from './subgraph-breaker';
import { tellOfSubgraph } from './tell-of-subgraph';
import { trustedDocuments } from './trusted';
import { usage } from './usage';

const env = readEnv({
  ...gateEnv,
  ...sendEnv,
  /** Of what principals are signed with for subgraphs. */
  SUBGRAPH_KEY_SECRET: text,
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
const settings = liveSettings(
  GRAPH,
  DEFAULT_GRAPH_SETTINGS,
  settingsSource(gate.redis, gate.pool, GRAPH, DEFAULT_GRAPH_SETTINGS),
);
const manifests = liveSettings(DOCUMENTS, NO_MANIFESTS, settingsSource(gate.redis, gate.pool, DOCUMENTS, NO_MANIFESTS));
const secret = freshSecret(env.SUBGRAPH_KEY_SECRET, { freshMs: SUBGRAPH_KEY_FRESH_SECONDS * 1_000, nowMs });
const { operations, costs } = federatedGraph(current, {
  settings,
  trusted: trustedDocuments({ redis: gate.redis, sql: statementsOn(gate.pool), manifests }),
  principals: principalsBy({ secret, nowMs: Date.now }),
  usage: usage({ redis: gate.redis, nowMs: Date.now }),
});

export const handler = serve(graphRoutes, operations, { ...gate, costs });
