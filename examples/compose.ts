import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeServices } from '@apollo/composition';
import { type GraphQLError, getLocation, parse, Source } from 'graphql';

/** The example subgraphs by name: of the folder, the function, and the service in a query plan. */
export const SUBGRAPHS = ['accounts', 'products', 'reviews'] as const;

/** The supergraph of the example subgraphs as text. Throws when they do not compose. */
export function composeExamples(): string {
  return compose(Object.fromEntries(SUBGRAPHS.map((name) => [name, schemaOf(name)])));
}

const schemaOf = (name: string) => readFileSync(join(__dirname, 'subgraphs', name, 'schema.graphql'), 'utf8');

/**
 * Composes subgraphs (SDL by name) into a supergraph. Routing URLs are placeholders: where a subgraph is reached differs
 * by stage, so the graph function is told by its environment. Throws one error that lists every composition error with
 * its code and the places it speaks of.
 */
export function compose(subgraphs: Readonly<Record<string, string>>): string {
  const services = Object.entries(subgraphs).map(([name, sdl]) => ({
    name,
    url: `http://${name}.subgraph`,
    typeDefs: parse(new Source(sdl, `${name}/schema.graphql`)),
  }));
  const { supergraphSdl, errors } = composeServices(services);
  if (errors) throw new Error(['the subgraphs do not compose:', ...errors.map(describe)].join('\n  '));
  return supergraphSdl;
}

function describe({ message, extensions, nodes = [] }: GraphQLError): string {
  const places = nodes.flatMap(({ loc }) => {
    if (!loc) return [];
    const { line, column } = getLocation(loc.source, loc.start);
    return [`${loc.source.name}:${line}:${column}`];
  });
  return `${String(extensions.code)}: ${message} (${places.join(', ') || 'no single place'})`;
}
