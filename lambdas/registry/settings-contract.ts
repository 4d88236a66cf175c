import * as z from 'zod/mini';
import { GraphSettings } from '../shared/graph/settings';
import { type Contract, json } from '../shared/http/route';

const settings = {
  version: z.int(),
  /** Whether nobody has set any. */
  deployed: z.boolean(),
  settings: GraphSettings,
};

const ofOperators = { auth: 'any', path: '/v1/settings/graph', since: '0.4.0' } as const;

export const graphSettingsRoutes = {
  getGraphSettings: {
    ...ofOperators,
    method: 'GET',
    summary: 'How the graph treats what callers ask: which documents it runs, and whether it enforces its limits',
    permission: 'settings:read',
    reply: { status: 200, body: z.object(settings) },
  },
  putGraphSettings: {
    ...ofOperators,
    method: 'PUT',
    summary: 'Replace the settings of the graph while it runs',
    permission: 'settings:write',
    conditional: true,
    body: json(GraphSettings),
    reply: { status: 200, body: z.object({ ...settings, inForceWithinSeconds: z.int() }) },
    example: { body: { documents: 'log-unknown', limits: 'warn', cost: 'observe', introspection: 'stage' } },
  },
} as const satisfies Contract;
