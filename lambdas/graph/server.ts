import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { GraphQLError, type GraphQLFormattedError, type GraphQLSchema, getOperationAST } from 'graphql';
import { countFault, logger } from '../shared/telemetry';
import type { Send } from './send';
import { type GraphContext, Subgraph } from './subgraph';
import { addressOf, type SubgraphUrls, subgraphNames } from './supergraph';

interface GraphOptions {
  /** The composed supergraph's SDL. Its routing URLs are placeholders; `urls` says where subgraphs are. */
  readonly supergraph: string;
  readonly urls: SubgraphUrls;
  readonly send: Send;
  readonly introspection: boolean;
}

/** The federated graph. */
export interface Graph {
  /** Not yet started. */
  readonly server: ApolloServer<GraphContext>;
  /** What callers see of it, once it has started. */
  apiSchema(): GraphQLSchema | undefined;
}

/** Apollo Server over the federated graph. Throws when a subgraph has no address. */
export function graphServer({ supergraph, urls, send, introspection }: GraphOptions): Graph {
  // Apollo asks for data sources only when it starts, once this function is loaded: too late to stop the start.
  for (const name of subgraphNames(supergraph)) addressOf(urls, name);
  const gateway = new ApolloGateway({
    supergraphSdl: supergraph,
    buildService: ({ name }) => new Subgraph(name, addressOf(urls, name), send),
    logger: apolloLogger,
    // On unless NODE_ENV is production, by default: then any caller's header would show the query plan.
    __exposeQueryPlanExperimental: false,
  });
  let apiSchema: GraphQLSchema | undefined;
  const noteSchema: ApolloServerPlugin<GraphContext> = {
    serverWillStart: async () => ({
      schemaDidLoadOrUpdate(loaded) {
        apiSchema = loaded.apiSchema;
      },
    }),
  };
  const server = new ApolloServer<GraphContext>({
    gateway,
    logger: apolloLogger,
    introspection,
    // "Did you mean" would tell the names that introspection keeps.
    hideSchemaDetailsFromClientErrors: !introspection,
    includeStacktraceInErrorResponses: false,
    maxRecursiveSelections: true,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    plugins: [ApolloServerPluginLandingPageDisabled(), reportUnexpected, requireOperation, noteSchema],
    formatError: (formatted) => (isUnexpected(formatted) ? mask(formatted) : formatted),
  });
  return { server, apiSchema: () => apiSchema };
}

/**
 * What Apollo Server finds no operation for, its gateway may run all the same: a name of '' is no name to the gateway.
 * It would cost 1 whatever it does, and a mutation would pass in a GET.
 */
const requireOperation: ApolloServerPlugin<GraphContext> = {
  requestDidStart: async () => ({
    didResolveOperation: async ({ document, request: { operationName } }) => {
      if (getOperationAST(document, operationName)) return;
      const message =
        operationName === undefined
          ? 'operationName must say which of the operations to run'
          : 'operationName names no operation of the document';
      const extensions = { code: 'OPERATION_RESOLUTION_FAILURE', http: { status: 400 } };
      throw new GraphQLError(message, { extensions });
    },
  }),
};

interface Coded {
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** An error without a code of its own was not meant for the caller. */
const isUnexpected = ({ extensions = {} }: Coded) =>
  extensions.code === undefined || extensions.code === 'INTERNAL_SERVER_ERROR';

const mask = (formatted: GraphQLFormattedError): GraphQLFormattedError => ({
  ...formatted,
  message: 'Something went wrong on our side',
  extensions: { code: 'INTERNAL_SERVER_ERROR' },
});

/** Logs whole what the caller is told masked, and counts it: the answer may be a 200 that no alarm would see. */
const reportUnexpected: ApolloServerPlugin<GraphContext> = {
  requestDidStart: async () => ({
    didEncounterErrors: async ({ errors, contextValue: { requestId } }) => {
      for (const error of errors.filter(isUnexpected)) report(error, requestId);
    },
  }),
  unexpectedErrorProcessingRequest: async ({ error, requestContext }) =>
    report(error, requestContext.contextValue.requestId),
};

function report(error: Error, requestId: string): void {
  logger.error('fault', { requestId, error });
  countFault();
}

/** Apollo's own remarks, in our log's form. */
const apolloLogger = {
  debug: (message: unknown) => logger.debug(String(message)),
  info: (message: unknown) => logger.info(String(message)),
  warn: (message: unknown) => logger.warn(String(message)),
  error: (message: unknown) => logger.error(String(message)),
};
