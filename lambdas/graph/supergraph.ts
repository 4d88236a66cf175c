import { type EnumValueDefinitionNode, Kind, parse } from 'graphql';
import * as z from 'zod/mini';
import { fromJson } from '../shared/json';

/** The address of each subgraph by its name, as JSON: `{"accounts":"https://...lambda-url.eu-west-1.on.aws/"}`. */
export const SubgraphUrls = z.pipe(fromJson, z.record(z.string(), z.url()));
export type SubgraphUrls = z.output<typeof SubgraphUrls>;

/** Where a subgraph is reached. Throws when no address is known. */
export function addressOf(urls: SubgraphUrls, name: string): string {
  const url = urls[name];
  if (url === undefined) throw new Error(`environment: SUBGRAPH_URLS.${name} is missing`);
  return url;
}

/** The names of a supergraph's subgraphs: the values of its enum `join__Graph` (join spec v0.5). */
export function subgraphNames(supergraph: string): string[] {
  return parse(supergraph, { noLocation: true }).definitions.flatMap((definition) =>
    definition.kind === Kind.ENUM_TYPE_DEFINITION && definition.name.value === 'join__Graph'
      ? (definition.values ?? []).flatMap(nameOf)
      : [],
  );
}

const nameOf = ({ directives = [] }: EnumValueDefinitionNode): string[] =>
  directives
    .flatMap((directive) => directive.arguments ?? [])
    .flatMap(({ name, value }) => (name.value === 'name' && value.kind === Kind.STRING ? [value.value] : []));
