import * as z from 'zod/mini';
import { KeysQuestion } from '../shared/credentials/issuer-keys';
import { readEnv } from '../shared/env';
import { fromJson } from '../shared/json';
import { fetchKeys } from './fetch-keys';

const env = readEnv({ PRIVATE_TARGETS: z.enum(['on', 'off']) });
const Event = z.object({ body: z.pipe(fromJson, KeysQuestion) });

/** Behind an IAM function URL: only functions of this deployment ask. */
export const handler = async (event: unknown) => {
  const answer = await fetchKeys(Event.parse(event).body, { privateTargets: env.PRIVATE_TARGETS === 'on' });
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(answer) };
};
