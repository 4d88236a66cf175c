import { join } from 'node:path';
import * as z from 'zod/mini';
import { readEnv, text } from '../shared/env';
import { gateEnv, openGate } from '../shared/http/gate';
import { serve } from '../shared/http/serve';
import { composeApart, workerIn } from './compose-apart';
import { registryRoutes } from './contract';
import { fetchSdlBy } from './fetch-sdl';
import { registry } from './registry';

const env = readEnv({ ...gateEnv, FETCH_SDL_URL: text, PRIVATE_TARGETS: z.enum(['on', 'off']) });
const gate = openGate(env);
const compose = composeApart(workerIn(join(__dirname, 'compose.js')));
const sources = { fetchSdl: fetchSdlBy(env.FETCH_SDL_URL), privateTargets: env.PRIVATE_TARGETS === 'on' };

export const handler = serve(registryRoutes, registry({ ...gate, ...sources, compose, nowMs: Date.now }), gate);
