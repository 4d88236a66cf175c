import * as z from 'zod/mini';
import type { Changes as Rows } from '../shared/access/change';
import { subjectOf } from '../shared/access/principal';
import { refuse } from '../shared/errors';
import { announce, COPY_SECONDS } from '../shared/graph/artifact';
import { page, placeOf } from '../shared/http/page';
import { etag } from '../shared/http/request';
import { Answer, type Operations } from '../shared/http/route';
import type { Redis } from '../shared/stores/redis';
import { logger } from '../shared/telemetry';
import type { AskToPlan } from './ask-to-plan';
import { type Changing, type GraphTx, type Outcome, publish, remove } from './change-graph';
import { check } from './check';
import type { Compose } from './composed';
import type { registryRoutes } from './contract';
import { trustedDocuments } from './documents';
import { graphSettings } from './graph-settings';
import { withHealth } from './health';
import { find, findVersion, latest, list, versions } from './rows';
import { settingsOf } from './settings';
import { mustBeUrl, type Sources, sdlOf } from './sources';

export interface Deps extends Sources {
  readonly changes: Rows;
  readonly redis: Redis;
  readonly compose: Compose;
  /** Asked once something was published. @default nobody plans ahead */
  readonly askToPlan?: AskToPlan;
  nowMs(): number;
}

/** As long as there are requests: an environment of the graph looks beside them every two seconds. */
const LOOK_SECONDS = 2;

export const registry = (deps: Deps): Operations<typeof registryRoutes> => {
  const { changes, redis, compose, askToPlan } = deps;
  type Call = Parameters<Rows['change']>[0] & { readonly ifMatch?: number | undefined };
  /** One change of the graph; once it is committed all environments are told. */
  const change = async (call: Call, work: (tx: GraphTx, changing: Changing) => Promise<Outcome>) => {
    const changing = { redis, compose, by: subjectOf(call.principal), ifMatch: call.ifMatch };
    const after = await told(redis, await changes.change(call, {}, (tx) => work(tx, changing)));
    if (after.graph.changed) await askToPlan?.();
    return after;
  };
  return {
    ...trustedDocuments(deps),
    ...graphSettings(deps),

    listSubgraphs: async ({ principal }) => ({
      items: await withHealth(redis, await changes.read({ principal }, list)),
    }),

    async getSubgraph({ principal, params: { name } }) {
      const found = await changes.read({ principal }, (sql) => find(sql, name));
      const [subgraph] = await withHealth(redis, found ? [found] : []);
      return subgraph ? new Answer(subgraph, { etag: etag(subgraph.version) }) : refuse('not_found');
    },

    async listSubgraphVersions({ principal, params: { name }, query }) {
      const { limit, after } = placeOf(VersionKey, query);
      const rows = await changes.read({ principal }, (sql) => versions(sql, name, after, limit + 1));
      if (rows.length === 0 && after === undefined) refuse('not_found');
      return page(
        rows,
        limit,
        (row) => row,
        ({ version }) => version,
      );
    },

    async publishSubgraph(call) {
      const { params, body } = call;
      mustBeUrl(body.url, deps);
      const sdl = body.sdl ?? (await sdlOf(body.url, deps));
      const draft = { name: params.name, url: body.url, sdl, ...settingsOf(body) };
      return published(await change(call, (tx, changing) => publish(tx, [draft], changing)));
    },

    checkSubgraph: (call) => check(call, deps),

    async rollBackSubgraph(call) {
      const { params, body } = call;
      const outcome = await change(call, async (tx, changing) => {
        const earlier = (await findVersion(tx, params.name, body.version)) ?? refuse('not_found');
        return publish(tx, [{ ...earlier, restores: earlier.version }], changing);
      });
      return published(outcome);
    },

    async deleteSubgraph(call) {
      return change(call, (tx, changing) => remove(tx, call.params.name, changing));
    },

    async getGraphArtifact({ principal }) {
      const graph = await changes.read({ principal }, latest);
      return graph
        ? new Answer(graph, { etag: etag(graph.version) })
        : refuse('not_found', 'nothing was ever published');
    },
  };
};

const VersionKey = z.int().check(z.gte(1), z.lte(999_999_999));

type Told = Awaited<ReturnType<typeof told>>;

/** Once committed, the change stands: where Redis goes away at that very moment, environments read it when its copy is due. */
async function told(redis: Redis, { graph, changed, changes, published: all }: Outcome) {
  const isTold = await announce(redis, graph).then(
    () => true,
    (error: unknown) => {
      logger.warn('graph not announced', { error: error instanceof Error ? error : 'unknown failure' });
      return false;
    },
  );
  const inForceWithinSeconds = isTold ? LOOK_SECONDS : COPY_SECONDS;
  return { published: all, graph: { version: graph.version, changed, inForceWithinSeconds }, changes };
}

function published({ published: [subgraph], graph, changes }: Told) {
  if (!subgraph) return refuse('internal');
  return new Answer({ ...subgraph, graph, changes }, { etag: etag(subgraph.version) });
}
