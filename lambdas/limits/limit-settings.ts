import { readSettings, replaceSettings } from '../shared/http/change-settings';
import type { Operations } from '../shared/http/route';
import { LIMITS } from '../shared/limits/settings';
import type { limitRoutes } from './contract';
import type { Deps } from './limits';

type Routes = Pick<typeof limitRoutes, 'getLimitSettings' | 'putLimitSettings'>;

export const limitSettings = ({ settings: live, ...deps }: Deps): Operations<Routes> => {
  const limits = { ...deps, live, kind: LIMITS };
  return {
    getLimitSettings: (call) => readSettings(limits, call),
    putLimitSettings: (call) => replaceSettings(limits, call, call.body),
  };
};
