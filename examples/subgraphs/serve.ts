import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLResolverMap } from '@apollo/subgraph/dist/schema-helper';
import { handlers, startServerAndCreateLambdaHandler } from '@as-integrations/aws-lambda';
import { GraphQLError, parse } from 'graphql';
import * as z from 'zod/mini';
import { logger } from '../../lambdas/shared/telemetry';
import type { Sql } from './rows';

/** A subgraph: its schema, the loaders of one request, and resolvers that find both `sql` and loaders in their context. */
export interface Subgraph<Loaders extends object> {
  readonly typeDefs: string;
  readonly loaders: (sql: Sql) => Loaders;
  readonly resolvers: GraphQLResolverMap<SubgraphContext<Loaders>>;
}

export type SubgraphContext<Loaders extends object> = Loaders & { readonly sql: Sql; readonly requestId: string };

/** Serves a subgraph as a Lambda function behind a function URL (payload format 2.0). */
export function serveSubgraph<Loaders extends object>({ typeDefs, loaders, resolvers }: Subgraph<Loaders>, sql: Sql) {
  const server = new ApolloServer<SubgraphContext<Loaders>>({
    schema: buildSubgraphSchema([{ typeDefs: parse(typeDefs), resolvers }]),
    // Whatever NODE_ENV says: no stack traces in answers, no introspection.
    nodeEnv: 'production',
    persistedQueries: false,
    plugins: [ApolloServerPluginInlineTraceDisabled(), ApolloServerPluginLandingPageDisabled(), logUnexpected],
    formatError: (formatted) => (isUnexpected(formatted) ? { ...formatted, message: 'Internal error' } : formatted),
  });
  return startServerAndCreateLambdaHandler(server, handlers.createAPIGatewayProxyEventV2RequestHandler(), {
    // Loaders live as long as one request: what they cache is never another request's answer.
    context: async ({ event }) => ({
      ...loaders(sql),
      sql,
      requestId: event.headers['x-request-id'] ?? event.requestContext.requestId,
    }),
  });
}

const isUnexpected = ({ extensions = {} }: { extensions?: Readonly<Record<string, unknown>> }) =>
  extensions.code === undefined || extensions.code === 'INTERNAL_SERVER_ERROR';

const logUnexpected: ApolloServerPlugin<{ requestId: string }> = {
  requestDidStart: async () => ({
    didEncounterErrors: async ({ errors, contextValue: { requestId } }) => {
      for (const error of errors.filter(isUnexpected)) logger.error('fault', { requestId, error });
    },
  }),
};

/** The text of `schema.graphql` beside a subgraph; the build copies it into the function's folder. */
export const readSchema = (folder: string) => readFileSync(join(folder, 'schema.graphql'), 'utf8');

const Reference = z.object({ id: z.string() });

/** The key of an entity's representation; GraphQL leaves `_Any` unchecked. */
export const keyOf = (reference: unknown) => Reference.parse(reference).id;

export interface Page {
  readonly first: number;
}

const MAX_PAGE = 100;

/** How many to list. Throws BAD_USER_INPUT outside 1 to 100. */
export function pageSize({ first }: Page): number {
  if (first >= 1 && first <= MAX_PAGE) return first;
  throw new GraphQLError(`first must be between 1 and ${MAX_PAGE}`, { extensions: { code: 'BAD_USER_INPUT' } });
}
