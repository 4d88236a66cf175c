import type { Context, ScheduledEvent } from 'aws-lambda';
import { readEnv } from '../shared/env';
import { sweepEnv, sweeping } from './sweeping/sweeping';

/** For what is under way when the time is over. */
const TO_END_MS = 10_000;
const sweep = sweeping(readEnv(sweepEnv));

export const handler = (_: ScheduledEvent, context: Context) =>
  sweep(Date.now() + context.getRemainingTimeInMillis() - TO_END_MS);
