import * as z from 'zod/mini';
import { readEnv } from '../shared/env';
import { fromJson } from '../shared/json';
import { fetchSdl, SdlQuestion } from './fetch-sdl';

const env = readEnv({ PRIVATE_TARGETS: z.enum(['on', 'off']) });
const Event = z.object({ body: z.pipe(fromJson, SdlQuestion) });

/** Behind an IAM function URL: only functions of this deployment ask. */
export const handler = async (event: unknown) => {
  const answer = await fetchSdl(Event.parse(event).body.url, { privateTargets: env.PRIVATE_TARGETS === 'on' });
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(answer) };
};
