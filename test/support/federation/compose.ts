import { composeServices } from '@apollo/composition';
import { Supergraph } from '@apollo/federation-internals';
import { type GraphQLSchema, parse } from 'graphql';

export interface SubgraphDefinition {
  readonly name: string;
  readonly typeDefs: string;
}

/** Subgraphs with what is composed of them, once for all the operations that are run over them. */
export interface FederatedGraph {
  readonly name: string;
  readonly subgraphs: readonly SubgraphDefinition[];
  readonly supergraphSdl: string;
  readonly supergraph: Supergraph;
  /** What callers may ask for: without what is inaccessible, and without federation's own types. */
  readonly apiSchema: GraphQLSchema;
}

/** Names that reach into federation's directives; a subgraph may import what it does not use. */
const IMPORTS = [
  '@key',
  '@shareable',
  '@requires',
  '@provides',
  '@external',
  '@override',
  '@inaccessible',
  '@interfaceObject',
]
  .map((name) => JSON.stringify(name))
  .join(', ');

export const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: [${IMPORTS}])`;

/** The composed graph, or what composition has against it. */
export function composeGraph(
  name: string,
  subgraphs: readonly SubgraphDefinition[],
): { graph: FederatedGraph; errors?: never } | { graph?: never; errors: readonly string[] } {
  const services = subgraphs.map(({ name: service, typeDefs }) => ({
    name: service,
    typeDefs: parse(typeDefs),
    url: `http://${service}.test/`,
  }));
  const { supergraphSdl, errors } = composeServices(services);
  if (supergraphSdl === undefined) return { errors: (errors ?? []).map(({ message }) => message) };
  const supergraph = Supergraph.build(supergraphSdl);
  const apiSchema = supergraph.apiSchema().toGraphQLJSSchema();
  return { graph: { name, subgraphs, supergraphSdl, supergraph, apiSchema } };
}
