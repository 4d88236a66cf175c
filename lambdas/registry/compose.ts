import { composeServices } from '@apollo/composition';
import { type ASTNode, type DocumentNode, GraphQLError, getLocation, parse, printSchema, Source } from 'graphql';
import type { Composed, Service } from './composed';
import type { CompositionError } from './contract';
import { refusal, unsupportedIn } from './unsupported-features';

/** Of one subgraph: it keeps the parser and the composition from what nobody wrote by hand. */
const MOST_TOKENS = 40_000;
const MOST_ERRORS = 50;
const LONGEST_MESSAGE = 2_000;
/** What Apollo says of what is no GraphQL, and we of what its parser refuses. */
const NO_GRAPHQL = 'INVALID_GRAPHQL';

/**
 * Composes subgraphs into a supergraph, and into the schema that callers see. It takes as long as it takes, and the
 * memory: functions have it done apart (compose-apart.ts).
 */
export function compose(services: readonly Service[]): Composed {
  if (services.length === 0) return { ok: true, supergraph: '', apiSchema: '' };
  try {
    return composed(services);
  } catch (error) {
    // Told like what composition finds, unless it is a fault of ours.
    if (error instanceof GraphQLError) return { ok: false, errors: [told(error)] };
    if (error instanceof RangeError)
      return { ok: false, errors: [{ code: NO_GRAPHQL, message: 'It is nested too deeply.', positions: [] }] };
    throw error;
  }
}

function composed(services: readonly Service[]): Composed {
  // By name: the same subgraphs give the same text, in whatever order they were published.
  const parsed = services
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, url, sdl }) => ({ name, url, typeDefs: documentOf(name, sdl) }));
  const { schema, supergraphSdl, errors } = composeServices(parsed);
  if (errors) return { ok: false, errors: errors.slice(0, MOST_ERRORS).map(told) };
  const unsupported = unsupportedIn(schema);
  if (unsupported.length > 0)
    return { ok: false, errors: unsupported.map((feature) => refusal(feature, parsed, positionOf)) };
  return { ok: true, supergraph: supergraphSdl, apiSchema: printSchema(schema.toAPISchema().toGraphQLJSSchema()) };
}

/** Positions name the subgraph, because that is the name of the source. */
const documentOf = (name: string, sdl: string): DocumentNode =>
  parse(new Source(sdl, name), { maxTokens: MOST_TOKENS });

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
