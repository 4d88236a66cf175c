import type { GraphQLDataSource, GraphQLDataSourceProcessOptions } from '@apollo/gateway';
import { GraphQLError } from 'graphql';
import * as z from 'zod/mini';
import { logger } from '../shared/telemetry';
import type { Send } from './send';

/** What Apollo carries along with each operation. */
export interface GraphContext {
  readonly requestId: string;
}

const Path = z.array(z.union([z.string(), z.number()]));

/** Of an error only this leaves the house: not its stack trace, not what else a subgraph put into its extensions. */
const SubgraphError = z.object({
  message: z.string(),
  path: z.optional(Path),
  extensions: z.optional(z.object({ code: z.optional(z.string()) })),
});
type SubgraphError = z.output<typeof SubgraphError>;

const Reply = z.object({
  data: z.optional(z.nullable(z.record(z.string(), z.unknown()))),
  errors: z.optional(z.array(SubgraphError)),
});

const UNAVAILABLE = 'SUBGRAPH_UNAVAILABLE';
const UNEXPECTED = 'INTERNAL_SERVER_ERROR';

/**
 * A subgraph as @apollo/gateway's executor sees it. Its failure costs the caller its own fields: they are null, and an
 * error names the subgraph and nothing else. The cause is logged.
 */
export class Subgraph implements GraphQLDataSource<GraphContext> {
  constructor(
    private readonly name: string,
    private readonly url: string,
    private readonly send: Send,
  ) {}

  async process({ request, context }: GraphQLDataSourceProcessOptions<GraphContext>) {
    const { query = '', variables, operationName } = request;
    const requestId = String(context.requestId);
    const message = {
      url: this.url,
      body: JSON.stringify({ query, variables, operationName }),
      requestId,
      repeatable: !query.startsWith('mutation'),
    };
    const { data, errors } = await this.send(message)
      .then((answer) => Reply.parse(answer))
      .catch((cause: unknown) => this.fail(requestId, cause));
    return {
      ...(data !== undefined && { data }),
      ...(errors && { errors: errors.map((error) => this.told(error)) }),
    };
  }

  private fail(requestId: string, cause: unknown): never {
    logger.error('subgraph', { requestId, subgraph: this.name, error: toError(cause) });
    throw new GraphQLError(this.unavailable(), { extensions: { code: UNAVAILABLE, serviceName: this.name } });
  }

  /** A refusal that the subgraph meant for the caller keeps its words; a fault of the subgraph does not. */
  private told({ message, path, extensions }: SubgraphError) {
    const code = extensions?.code ?? UNEXPECTED;
    const own = code !== UNEXPECTED;
    return {
      message: own ? message : this.unavailable(),
      ...(path && { path }),
      extensions: { code: own ? code : UNAVAILABLE },
    };
  }

  private unavailable = () => `The subgraph ${this.name} could not answer.`;
}

const toError = (cause: unknown) => (cause instanceof Error ? cause : new Error(String(cause), { cause }));
