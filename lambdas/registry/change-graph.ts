import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { refuse } from '../shared/errors';
import { forgetCurrent } from '../shared/graph/artifact';
import { settingsIn } from '../shared/graph/subgraph-settings';
import type { AuditEvent } from '../shared/stores/audit';
import type { Redis } from '../shared/stores/redis';
import type { Sql } from '../shared/stores/tenancy';
import { compare, comparedOf, NO_CHANGES } from './compare';
import type { Compose, Composed, Service } from './composed';
import { type Changes, MOST_SDL_BYTES } from './contract';
import { type Draft, type Graph, insert, insertGraph, latest, live, markDeleted, type Published } from './rows';

/** The transaction in which the graph changes: what is noted commits with it. */
export interface GraphTx extends Sql {
  audit(event: Omit<AuditEvent, 'actor'>): void;
}

/** Who changes the graph, and the version of the subgraph that is to be changed, where that was said. */
export interface Changing {
  readonly redis: Redis;
  readonly compose: Compose;
  /** The actor of the audit: `user:<id>`, `deployment`. */
  readonly by: string;
  readonly ifMatch?: number | undefined;
}

export interface Outcome {
  readonly graph: Graph;
  /** The publications that are in force now, in the order in which they were asked for. */
  readonly published: readonly Published[];
  readonly changed: boolean;
  readonly changes: Changes;
}

const MOST_SUBGRAPHS = 100;
/** Of all subgraphs together: composition takes time by it, and the graph holds it in memory. */
const MOST_BYTES = 1024 * 1024;
const RETRY_AFTER = { 'retry-after': '2' };

interface Publishing extends Changing {
  /** Whether each is asked as it was before, where it was published before. @default as the draft says */
  readonly keepSettings?: boolean;
}

/** Publishes these subgraphs together: one new graph, or none. What is in force as it is already is left alone. */
export async function publish(tx: GraphTx, asked: readonly Draft[], changing: Publishing): Promise<Outcome> {
  const before = await begin(tx);
  const drafts = changing.keepSettings ? asked.map((draft) => asBefore(draft, before)) : asked;
  for (const { name } of drafts) mustMatch(before.live.get(name), changing);
  const fresh = drafts.filter((draft) => !isSame(before.live.get(draft.name), draft));
  const after = new Map<string, Service>(before.live);
  for (const draft of fresh) after.set(draft.name, draft);
  if (before.graph && fresh.length === 0)
    return { graph: before.graph, published: found(before, drafts), changed: false, changes: NO_CHANGES };
  const composed = await composedOf(after, before, changing);
  for (const draft of fresh) before.live.set(draft.name, await noted(tx, before.live.get(draft.name), draft, changing));
  const how = fresh.some(({ restores }) => restores !== undefined) ? 'rolled back' : 'published';
  const graph = await settle(tx, before, composed, `${how} ${fresh.map(({ name }) => name).join(', ')}`, changing);
  return { graph, published: found(before, drafts), changed: true, changes: composed.changes };
}

/** Takes a subgraph out. Refuses where the others do not compose without it. */
export async function remove(tx: GraphTx, name: string, changing: Changing): Promise<Outcome> {
  const before = await begin(tx);
  const gone = before.live.get(name) ?? refuse('not_found');
  mustMatch(gone, changing);
  before.live.delete(name);
  const composed = await composedOf(before.live, before, changing);
  await markDeleted(tx, name);
  tx.audit({ action: 'subgraph.deleted', target: `subgraph:${name}`, before: auditable(gone) });
  const graph = await settle(tx, before, composed, `deleted ${name}`, changing);
  return { graph, published: [], changed: true, changes: composed.changes };
}

/** How the registry stands, seen by nobody else until this transaction ends. */
interface Standing {
  readonly live: Map<string, Published>;
  readonly graph: Graph | undefined;
}

/** One change after the other: each is composed of what the one before has left. */
const LOCK = "select pg_advisory_xact_lock(hashtext('gatehouse graph'))";
/** Of the 15 s that a transaction lasts (stores/tenancy.ts): the composition has 10. */
const WAIT = "select set_config('lock_timeout', '4000', true)";

async function begin(tx: Sql): Promise<Standing> {
  await tx.query(WAIT);
  await tx.query(LOCK);
  return standing(tx);
}

/** Without a lock, for who changes nothing. */
export const standing = async (sql: Sql): Promise<Standing> => ({
  live: new Map((await live(sql)).map((each) => [each.name, each])),
  graph: await latest(sql),
});

function mustMatch(before: Published | undefined, { ifMatch }: Changing): void {
  const version = before?.version ?? 0;
  if (ifMatch !== undefined && ifMatch !== version)
    refuse('precondition_failed', `the subgraph is at version ${version}`);
}

const asBefore = ({ name, url, sdl }: Draft, before: Standing): Draft => ({
  name,
  url,
  sdl,
  ...settingsIn(before.live.get(name) ?? {}),
});

const isSame = (before: Published | undefined, draft: Draft) =>
  before?.url === draft.url && before.sdl === draft.sdl && isDeepStrictEqual(settingsIn(before), settingsIn(draft));

const found = ({ live: now }: Standing, drafts: readonly Draft[]): Published[] =>
  drafts.map(({ name }) => now.get(name) ?? refuse('internal'));

type Good = Extract<Composed, { ok: true }> & { readonly changes: Changes };

async function composedOf(
  services: ReadonlyMap<string, Service>,
  { graph }: Standing,
  { compose }: Changing,
): Promise<Good> {
  mustFit([...services.values()]);
  const composed = await compose([...services.values()]);
  if (!composed.ok) {
    const [first] = composed.errors;
    return refuse('composition_failed', first && `${first.code}: ${first.message}`, {
      extensions: { compositionErrors: composed.errors },
    });
  }
  return { ...composed, changes: compare(comparedOf(graph), composed) };
}

/** What one SDL may hold, all of them together, and how many there may be. */
export function mustFit(services: readonly Pick<Service, 'sdl'>[]): void {
  const sizes = services.map(({ sdl }) => Buffer.byteLength(sdl));
  if (sizes.some((bytes) => bytes > MOST_SDL_BYTES)) refuse('too_large', `the SDL may hold ${MOST_SDL_BYTES} bytes`);
  if (sizes.length > MOST_SUBGRAPHS) refuse('conflict', `a graph may have ${MOST_SUBGRAPHS} subgraphs`);
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  if (total > MOST_BYTES)
    refuse('too_large', `the SDL of all subgraphs may hold ${MOST_BYTES} bytes, and would ${total}`);
}

async function noted(tx: GraphTx, before: Published | undefined, draft: Draft, { by }: Changing): Promise<Published> {
  const after = await insert(tx, draft, by);
  tx.audit({
    action: draft.restores === undefined ? 'subgraph.published' : 'subgraph.rolled_back',
    target: `subgraph:${draft.name}`,
    ...(before && { before: auditable(before) }),
    after: auditable(after),
  });
  return after;
}

/** The SDL itself stands in its version, which nobody can change. */
const auditable = ({ version, url, sdl, restores, ...rest }: Published) => ({
  version,
  url,
  ...settingsIn(rest),
  sdlSha256: createHash('sha256').update(sdl).digest('hex'),
  ...(restores !== null && { restores }),
});

/**
 * Writes the new graph. Redis is asked last, and before the commit: where it does not answer nothing is changed, because
 * environments that have a graph look for a newer one there alone.
 */
async function settle(tx: Sql, { live: now, graph }: Standing, composed: Good, cause: string, { redis, by }: Changing) {
  const { supergraph, apiSchema: schema } = composed;
  const subgraphs = [...now.values()]
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((each) => ({ name: each.name, url: each.url, version: each.version, ...settingsIn(each) }));
  const version = (graph?.version ?? 0) + 1;
  const written = await insertGraph(tx, { version, supergraph, schema, subgraphs, cause, createdBy: by });
  await forgetCurrent(redis).catch((reason: unknown) =>
    refuse('not_ready', 'the cache does not answer: nothing was changed', { headers: RETRY_AFTER, cause: reason }),
  );
  return written;
}
