import { join } from 'node:path';
import * as z from 'zod/mini';
import { readEnv, text } from '../shared/env';
import { gateEnv, openGate } from '../shared/http/gate';
import { serve } from '../shared/http/serve';
import { askToPlanBy } from './ask-to-plan';
import { composeApart, workerIn } from './compose-apart';
import { registryRoutes } from './contract';
import { fetchSdlBy } from './fetch-sdl';
import { registry } from './registry';

const env = readEnv({
  ...gateEnv,
  FETCH_SDL_URL: text,
  PLAN_DOCUMENTS_URL: text,
  PRIVATE_TARGETS: z.enum(['on', 'off']),
});
const gate = openGate(env);
const compose = composeApart(workerIn(join(__dirname, 'compose.js')));
const sources = { fetchSdl: fetchSdlBy(env.FETCH_SDL_URL), privateTargets: env.PRIVATE_TARGETS === 'on' };

const askToPlan = askToPlanBy(env.PLAN_DOCUMENTS_URL);
const deps = { ...gate, ...sources, compose, askToPlan, nowMs: Date.now };

export const handler = serve(registryRoutes, registry(deps), gate);
