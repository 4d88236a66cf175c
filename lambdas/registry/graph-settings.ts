import { DEFAULT_GRAPH_SETTINGS, GRAPH } from '../shared/graph/settings';
import { readSettings, replaceSettings } from '../shared/http/change-settings';
import type { Operations } from '../shared/http/route';
import type { Deps } from './registry';
import type { graphSettingsRoutes } from './settings-contract';

export const graphSettings = ({
  changes,
  redis,
}: Pick<Deps, 'changes' | 'redis'>): Operations<typeof graphSettingsRoutes> => {
  const graph = { changes, redis, kind: GRAPH, deployed: DEFAULT_GRAPH_SETTINGS };
  return {
    getGraphSettings: (call) => readSettings(graph, call),
    putGraphSettings: (call) => replaceSettings(graph, call, call.body),
  };
};
