import * as z from 'zod/mini';
import { awsIdentity } from '../shared/aws/aws-token';
import { readEnv } from '../shared/env';
import { gateEnv, openGate } from '../shared/http/gate';
import { serve } from '../shared/http/serve';
import { bundledGraph, SubgraphUrls } from './bundled';
import { graphRoutes } from './contract';
import { federatedGraph } from './operations';
import { signedSend } from './send';

const env = readEnv({
  ...gateEnv,
  SUBGRAPH_URLS: SubgraphUrls,
  INTROSPECTION: z.optional(z.enum(['on', 'off'])),
});

const gate = openGate(env);
const send = signedSend(awsIdentity());
const planning = { introspection: env.INTROSPECTION === 'on' };
const { operations, costs } = federatedGraph(bundledGraph(env.SUBGRAPH_URLS, { redis: gate.redis, send, planning }));

export const handler = serve(graphRoutes, operations, { ...gate, costs });
