import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';

/** The four subgraphs of federation's well-known demo; that of the inventory needs what another knows (`@requires`). */
export const SUBGRAPHS = ['accounts', 'inventory', 'products', 'reviews'] as const;
export type SubgraphName = (typeof SUBGRAPHS)[number];
export type Urls = Readonly<Record<SubgraphName, string>>;

/** By the folder that the bench is started in: this also runs bundled, from elsewhere. */
export const schemaOf = (name: SubgraphName) =>
  parse(readFileSync(resolve(`bench/graph/schemas/${name}.graphql`), 'utf8'));

/** The supergraph that all contenders are given, with the addresses that those read who have no list of their own. */
export function supergraphOf(urls: Urls): string {
  const services = SUBGRAPHS.map((name) => ({ name, url: urls[name], typeDefs: schemaOf(name) }));
  const { supergraphSdl, errors } = composeServices(services);
  if (errors) throw new Error(errors.map(({ message }) => message).join('\n'));
  return supergraphSdl;
}
