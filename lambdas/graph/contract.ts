import * as z from 'zod/mini';
import { type Contract, json } from '../shared/http/route';

/** GraphQL over HTTP: what a request carries. request.ts is the authority; this is the gateway's coarse filter. */
const asked = { query: z.optional(z.string()), documentId: z.optional(z.string()) };
const GraphRequest = z.looseObject(asked);

export const graphRoutes = {
  postGraph: {
    method: 'POST',
    path: '/graphql',
    summary: 'Run a GraphQL operation over the federated graph',
    auth: 'bearer',
    permission: 'graph:query',
    body: json(GraphRequest),
    reply: { status: 200, body: z.looseObject({ data: z.optional(z.unknown()) }) },
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
    reply: { status: 200, body: z.looseObject({ data: z.optional(z.unknown()) }) },
    errors: ['not_ready', 'not_acceptable'],
    raw: true,
    since: '0.1.0',
  },
} as const satisfies Contract;
