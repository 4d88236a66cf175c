import type { Changes as Rows } from '../shared/access/change';
import { refuse } from '../shared/errors';
import type { Call } from '../shared/http/route';
import type { Redis } from '../shared/stores/redis';
import { logger } from '../shared/telemetry';
import { brokenOperations } from './broken-operations';
import { mustFit, standing } from './change-graph';
import { compare, comparedOf, NO_CHANGES } from './compare';
import type { Compose, Service } from './composed';
import type { BrokenOperation, registryRoutes } from './contract';
import { mustBeUrl, type Sources, sdlOf } from './sources';
import { usedOperations } from './used-operations';

interface Deps extends Sources {
  readonly changes: Rows;
  readonly compose: Compose;
  readonly redis: Redis;
  nowMs(): number;
}

/** What would become of the graph if this were published now. */
export async function check({ principal, params, body }: Call<typeof registryRoutes.checkSubgraph>, deps: Deps) {
  const { url } = body;
  if (url !== undefined) mustBeUrl(url, deps);
  const sdl = body.sdl ?? (url === undefined ? refuse('bad_request', 'body: names no sdl and no url') : undefined);
  const candidate = { sdl: sdl ?? (await sdlOf(url ?? '', deps)), name: params.name };
  const { live, graph } = await deps.changes.read({ principal }, standing);
  // Where it is plays no part in whether it composes.
  const at = url ?? live.get(candidate.name)?.url ?? `https://${candidate.name}.example`;
  const services = new Map<string, Service>(live).set(candidate.name, { ...candidate, url: at });
  mustFit([...services.values()]);
  const composed = await deps.compose([...services.values()]);
  const before = comparedOf(graph);
  const changes = composed.ok ? compare(before, composed) : NO_CHANGES;
  const breaks = composed.ok && changes.breaking.length > 0;
  return {
    passed: composed.ok && !breaks,
    composes: composed.ok,
    compositionErrors: composed.ok ? [] : [...composed.errors],
    changes,
    ...(breaks ? await broken(before.apiSchema, composed.apiSchema, deps) : NOTHING_BROKEN),
    comparedWith: graph?.version ?? null,
  };
}

interface Told {
  readonly operations: BrokenOperation[];
  readonly operationsChecked: number | null;
}

const NOTHING_BROKEN: Told = { operations: [], operationsChecked: 0 };

/** Who uses what goes away, as far as Redis knows. */
async function broken(before: string, after: string, { redis, nowMs }: Deps): Promise<Told> {
  const used = await usedOperations(redis, nowMs()).catch((error: unknown) => {
    logger.warn('usage', { error: error instanceof Error ? error : new Error(String(error)) });
    return undefined;
  });
  if (!used) return { operations: [], operationsChecked: null };
  const { operations, checked } = brokenOperations(used, before, after, nowMs);
  return { operations, operationsChecked: checked };
}
