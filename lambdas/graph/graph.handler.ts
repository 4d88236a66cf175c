import * as z from 'zod/mini';
import { awsIdentity } from '../shared/aws/aws-token';
import { readEnv } from '../shared/env';
import { DOCUMENTS, NO_MANIFESTS } from '../shared/graph/documents';
import { DEFAULT_GRAPH_SETTINGS, GRAPH } from '../shared/graph/settings';
import { gateEnv, openGate } from '../shared/http/gate';
import { serve } from '../shared/http/serve';
import { fromJson } from '../shared/json';
import { liveSettings } from '../shared/settings/live-settings';
import { settingsSource } from '../shared/settings/stored-settings';
import { statementsOn } from '../shared/stores/postgres';
import { graphRoutes } from './contract';
import { currentLiveGraph } from './current';
import { federatedGraph } from './operations';
import { openSend } from './send';
import { trustedDocuments } from './trusted';
import { usage } from './usage';

const onOff = z.enum(['on', 'off']);
const env = readEnv({
  ...gateEnv,
  INTROSPECTION: onOff,
  PRIVATE_TARGETS: onOff,
  /** Function URLs that this function's role may call, as JSON: what is sent there is signed by it. */
  SIGNED_URLS: z.pipe(fromJson, z.array(z.url())),
});

const gate = openGate(env);
const current = currentLiveGraph({
  run: gate.run,
  sql: statementsOn(gate.pool),
  nowMs: () => performance.now(),
  send: openSend({
    identity: awsIdentity(),
    signedUrls: env.SIGNED_URLS,
    privateTargets: env.PRIVATE_TARGETS === 'on',
  }),
  planning: { introspection: env.INTROSPECTION === 'on' },
});
const settings = liveSettings(
  GRAPH,
  DEFAULT_GRAPH_SETTINGS,
  settingsSource(gate.run, gate.pool, GRAPH, DEFAULT_GRAPH_SETTINGS),
);
const manifests = liveSettings(DOCUMENTS, NO_MANIFESTS, settingsSource(gate.run, gate.pool, DOCUMENTS, NO_MANIFESTS));
const trusted = trustedDocuments({ run: gate.run, sql: statementsOn(gate.pool), manifests });
const { operations, costs } = federatedGraph(current, {
  settings,
  trusted,
  usage: usage({ run: gate.run, nowMs: Date.now }),
});

export const handler = serve(graphRoutes, operations, { ...gate, costs });
