import { type ASTNode, type DocumentNode, GraphQLError, getLocation, parse, printSchema, Source } from 'graphql';
import type { CompositionError } from './contract';

/** A subgraph as composition sees it. */
export interface Service {
  readonly name: string;
  readonly url: string;
  readonly sdl: string;
}

export type Composed =
  | { readonly ok: true; readonly supergraph: string; readonly apiSchema: string }
  | { readonly ok: false; readonly errors: readonly CompositionError[] };

/** Of one subgraph: it keeps the parser and the composition from what nobody wrote by hand. */
const MOST_TOKENS = 40_000;
/** Paths that are looked at to see whether each field can be reached: past it the subgraphs are refused. */
const MOST_PATHS = 100_000;
const MOST_ERRORS = 50;
const LONGEST_MESSAGE = 2_000;
/** What Apollo says of what is no GraphQL, and we of what its parser refuses. */
const NO_GRAPHQL = 'INVALID_GRAPHQL';

const NOTHING: Composed = { ok: true, supergraph: '', apiSchema: '' };

/**
 * Composes subgraphs into a supergraph, and into the schema that callers see. Loads Apollo's composition when it is first
 * needed: who only reads the registry does not wait for it.
 */
export async function compose(services: readonly Service[]): Promise<Composed> {
  if (services.length === 0) return NOTHING;
  const { composeServices } = await import('@apollo/composition');
  return telling(() => {
    // By name: the same subgraphs give the same text, in whatever order they were published.
    const parsed = services
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, url, sdl }) => ({ name, url, typeDefs: documentOf(name, sdl) }));
    const { schema, supergraphSdl, errors } = composeServices(parsed, { maxValidationSubgraphPaths: MOST_PATHS });
    if (errors) return { ok: false, errors: errors.slice(0, MOST_ERRORS).map(told) };
    return { ok: true, supergraph: supergraphSdl, apiSchema: printSchema(schema.toAPISchema().toGraphQLJSSchema()) };
  });
}

/** Positions name the subgraph, because that is the name of the source. */
const documentOf = (name: string, sdl: string): DocumentNode =>
  parse(new Source(sdl, name), { maxTokens: MOST_TOKENS });

/** What is thrown is told like what is answered, unless it is a fault of ours. */
function telling(work: () => Composed): Composed {
  try {
    return work();
  } catch (error) {
    if (error instanceof GraphQLError) return { ok: false, errors: [told(error)] };
    if (error instanceof RangeError)
      return { ok: false, errors: [{ code: NO_GRAPHQL, message: 'It is nested too deeply.', positions: [] }] };
    throw error;
  }
}

function told(error: GraphQLError): CompositionError {
  const { message, extensions, nodes = [] } = error;
  return {
    code: typeof extensions.code === 'string' ? extensions.code : NO_GRAPHQL,
    message: message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message,
    positions: nodes.length > 0 ? nodes.flatMap(positionOf) : syntaxPositions(error),
  };
}

function positionOf({ loc }: ASTNode): CompositionError['positions'] {
  return loc ? [{ subgraph: loc.source.name, ...getLocation(loc.source, loc.start) }] : [];
}

/** The parser has no node yet. */
const syntaxPositions = ({ source, locations = [] }: GraphQLError): CompositionError['positions'] =>
  source ? locations.map(({ line, column }) => ({ subgraph: source.name, line, column })) : [];
