import { FILES, laySupergraph, peers, prepare } from './graph/bundles';
import { cold } from './graph/cold';
import { type Subgraphs, startContender, startSubgraphs } from './graph/processes';
import { supergraphOf } from './graph/shop';
import { APOLLO, GUARDED, HIVE, OURS, TOOLS, warm } from './graph/warm';
import { type Caller, knownCaller, ourWorld } from './graph/world';
import { say } from './measure';
import { startStores } from './stores';

/**
 * Our graph function beside Apollo's gateway, Hive's with its planner in Rust, and @graphql-tools/federation, over the same
 * four subgraphs. Ours is measured whole: it asks Redis for each request whether its caller may do this and is within its
 * limits, and signs what it sends. The others do neither.
 */
export async function graph(): Promise<void> {
  await prepare();
  say(`Node ${process.version}; ${peers().join(', ')}`);
  say();
  const [stores, subgraphs] = await Promise.all([startStores(), startSubgraphs()]);
  const caller = knownCaller(stores);
  try {
    const supergraph = supergraphOf(subgraphs.urls);
    laySupergraph(supergraph);
    const env = {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      SUPERGRAPH: FILES.supergraph,
      ...ourWorld(stores, subgraphs.urls),
    };
    await caller.enter();
    await caller.publish(supergraph, subgraphs.urls);
    await race(env, subgraphs, caller);
    await cold(env, caller);
  } finally {
    caller.stop();
    subgraphs.stop();
    await stores.stop();
  }
}

async function race(env: NodeJS.ProcessEnv, subgraphs: Subgraphs, { refill }: Caller): Promise<void> {
  const contenders = [
    startContender(OURS, FILES.unguarded, env),
    startContender(GUARDED, FILES.ours, env),
    startContender(APOLLO, FILES.apollo, env),
    startContender(HIVE, FILES.hive, env),
    startContender(TOOLS, FILES.tools, env),
  ];
  try {
    await warm({ contenders, subgraphs, refill });
  } finally {
    for (const contender of contenders) contender.stop();
  }
}
