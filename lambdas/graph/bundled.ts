import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { fromJson } from '../shared/json';
import { sha256 } from './known';
import { type CurrentGraph, type GraphDeps, liveGraph } from './live-graph';

/** The address of each subgraph by its name, as JSON: `{"accounts":"https://...lambda-url.eu-west-1.on.aws/"}`. */
export const SubgraphUrls = z.pipe(fromJson, z.record(z.string(), z.url()));

/** The graph that was composed when the functions were built; none where the stage has no subgraphs. */
export function bundledGraph(urls: z.output<typeof SubgraphUrls>, deps: GraphDeps): CurrentGraph {
  if (Object.keys(urls).length === 0) return async () => undefined;
  const supergraph = readFileSync(join(__dirname, 'supergraph.graphql'), 'utf8');
  const graph = liveGraph({ version: sha256(supergraph).slice(0, 16), urls, supergraph: async () => supergraph }, deps);
  return async () => graph;
}
