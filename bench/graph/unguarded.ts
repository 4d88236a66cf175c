import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { graphRoutes } from '../../lambdas/graph/contract';
import { liveGraph } from '../../lambdas/graph/live-graph';
import { federatedGraph } from '../../lambdas/graph/operations';
import type { Access, Admission } from '../../lambdas/shared/access/access';
import { setOfRole } from '../../lambdas/shared/access/permissions';
import { openSend } from '../../lambdas/shared/http/send';
import { serve } from '../../lambdas/shared/http/serve';
import { fromJson } from '../../lambdas/shared/json';
import { RedisAway } from '../../lambdas/shared/stores/breaker';
import { CALLER } from './event';

/*
 * Our graph function for as much as its peers do: nobody is asked whether the caller may do this, or is within limits, and
 * what goes to subgraphs is not signed.
 */

const urls = z.pipe(fromJson, z.record(z.string(), z.string())).parse(process.env.SUBGRAPH_URLS);
const nobody = { region: '', accessKeyId: '', secretAccessKey: '', sessionToken: undefined };
const none = { call: () => Promise.reject(new RedisAway('there is none')) };
const graph = liveGraph(
  { version: 'bench', urls, supergraph: async () => readFileSync(process.env.SUPERGRAPH ?? '', 'utf8') },
  {
    redis: none,
    send: openSend({ identity: nobody, signedUrls: [], privateTargets: true }),
    planning: { introspection: false },
  },
);
const { operations, costs } = federatedGraph(async () => graph);

const NOTHING = {
  kind: 'burst',
  name: 'burst',
  scope: 'user',
  limit: 1,
  left: 1,
  resetSeconds: 1,
  windowSeconds: 1,
} as const;
const ADMITTED: Admission = {
  principal: {
    ...CALLER,
    roles: ['viewer'],
    permissions: setOfRole('viewer'),
    grants: [],
    plan: 'free',
    organisationPlan: 'free',
  },
  limits: { policies: [NOTHING], binding: NOTHING, degraded: false },
  leave: () => undefined,
};
const open: Access = {
  admit: async () => ADMITTED,
  noteRefusal: async () => undefined,
};
const addresses = { admit: async () => undefined, wrong: async () => undefined };

export const handler = serve(graphRoutes, operations, { corsOrigin: '*', access: open, addresses, costs });
