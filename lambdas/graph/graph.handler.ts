import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { awsIdentity } from '../shared/aws/aws-token';
import { readEnv } from '../shared/env';
import { gateEnv, openGate } from '../shared/http/gate';
import { serve } from '../shared/http/serve';
import { graphRoutes } from './contract';
import { emptyGraph, federatedGraph } from './operations';
import { signedSend } from './send';
import { graphServer } from './server';
import { SubgraphUrls } from './supergraph';

const env = readEnv({
  ...gateEnv,
  SUBGRAPH_URLS: SubgraphUrls,
  INTROSPECTION: z.optional(z.enum(['on', 'off'])),
  // @apollo/gateway reads this one itself and sends usage data to Apollo without it.
  APOLLO_TELEMETRY_DISABLED: z.literal('1'),
});

const federated = () =>
  federatedGraph(
    graphServer({
      supergraph: readFileSync(join(__dirname, 'supergraph.graphql'), 'utf8'),
      urls: env.SUBGRAPH_URLS,
      send: signedSend(awsIdentity()),
      introspection: env.INTROSPECTION === 'on',
    }),
  );

const { operations, costs } = Object.keys(env.SUBGRAPH_URLS).length > 0 ? federated() : emptyGraph;

export const handler = serve(graphRoutes, operations, { ...openGate(env), costs });
