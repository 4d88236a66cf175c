import * as z from 'zod/mini';
import { JWKS_MAX_AGE_SECONDS } from '../shared/credentials/lifetimes';
import { type Contract, json } from '../shared/http/route';

/** GraphQL over HTTP: what a request carries. request.ts is the authority; this is the gateway's coarse filter. */
const asked = { query: z.optional(z.string()), documentId: z.optional(z.string()) };
const GraphRequest = z.looseObject(asked);
/** A list is run where the graph is set so. */
const GraphRequests = z.union([GraphRequest, z.array(GraphRequest)]);
const GraphResponse = z.looseObject({ data: z.optional(z.unknown()) });

/** Public keys of ours (RFC 8037). */
const SubgraphJwks = z.object({
  keys: z.array(
    z.object({
      kty: z.literal('OKP'),
      crv: z.literal('Ed25519'),
      x: z.string(),
      kid: z.string(),
      alg: z.literal('EdDSA'),
      use: z.literal('sig'),
    }),
  ),
});
export type SubgraphJwks = z.output<typeof SubgraphJwks>;

export const graphRoutes = {
  postGraph: {
    method: 'POST',
    path: '/graphql',
    summary: 'Run a GraphQL operation over the federated graph',
    auth: 'bearer',
    permission: 'graph:query',
    body: json(GraphRequests),
    reply: { status: 200, body: z.union([GraphResponse, z.array(GraphResponse)]) },
    errors: ['not_ready', 'not_acceptable'],
    example: { body: { query: '{ products { name reviews { body author { name } } } }' } },
    raw: true,
    since: '0.1.0',
  },
  getGraph: {
    method: 'GET',
    path: '/graphql',
    summary: 'Run a GraphQL query over the federated graph',
    auth: 'bearer',
    permission: 'graph:query',
    query: z.looseObject(asked),
    reply: { status: 200, body: GraphResponse },
    errors: ['not_ready', 'not_acceptable'],
    raw: true,
    since: '0.1.0',
  },
  getSubgraphJwks: {
    method: 'GET',
    path: '/.well-known/subgraph-jwks.json',
    summary: 'The public keys by which subgraphs verify who asks (RFC 7517)',
    auth: 'none',
    public: 'public keys are public',
    addressLimit: 'discovery',
    reply: {
      status: 200,
      body: SubgraphJwks,
      headers: { 'cache-control': `public, max-age=${JWKS_MAX_AGE_SECONDS}` },
    },
    since: '0.4.0',
  },
} as const satisfies Contract;
