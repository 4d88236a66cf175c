import type { Changes as Rows } from '../shared/access/change';
import { refuse } from '../shared/errors';
import type { Call } from '../shared/http/route';
import { mustFit, standing } from './change-graph';
import { compare, NO_CHANGES } from './compare';
import type { Compose, Service } from './composed';
import type { registryRoutes } from './contract';
import { mustBeUrl, type Sources, sdlOf } from './sources';

interface Deps extends Sources {
  readonly changes: Rows;
  readonly compose: Compose;
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
  const changes = composed.ok ? compare(graph?.schema ?? '', composed.apiSchema) : NO_CHANGES;
  return {
    passed: composed.ok && changes.breaking.length === 0,
    composes: composed.ok,
    compositionErrors: composed.ok ? [] : [...composed.errors],
    changes,
    comparedWith: graph?.version ?? null,
  };
}
