import type * as z from 'zod/mini';
import { laneEnv, lanesOf, tableEnv } from '../env';
import { jobStep } from '../jobs/step';
import { operational } from '../publishing/operational';
import { routingOf } from '../publishing/routing-of';
import { nothingSent } from '../publishing/sent-events';
import { STATES, statesIn } from '../stores/endpoint-states';
import { endpointsIn } from '../stores/endpoints';
import { JOBS, jobsIn } from '../stores/jobs';
import { DELIVERIES, logIn } from '../stores/log';
import { tableOf } from '../stores/table';
import { waitsIn } from '../stores/waits';
import { seeToDelivery } from './deliveries';
import type { Responsible } from './due';
import { seeToEndpoint } from './endpoints';
import { sweep } from './sweep';

export const sweepEnv = { ...tableEnv, ...laneEnv };
type SweepEnv = { readonly [K in keyof typeof sweepEnv]: z.output<(typeof sweepEnv)[K]> };

/** One sweep that has time until then, with what it needs from the environment of its function. */
export function sweeping(env: SweepEnv): (untilMs: number) => Promise<void> {
  const endpoints = endpointsIn(tableOf(env.WEBHOOKS_TABLE));
  const table = tableOf(env.WEBHOOK_LOG_TABLE);
  const nowMs = Date.now;
  const shared = { endpoints, log: logIn(table), lanes: lanesOf(env), waits: waitsIn(table), nowMs };
  const tell = operational({ ...shared, routingOf: routingOf(endpoints, nowMs), sent: nothingSent });
  const steps = { ...shared, states: statesIn(table, nowMs), tell };
  const jobs = { ...shared, jobs: jobsIn(table), table };
  return (untilMs) => {
    const responsible: Responsible = {
      [DELIVERIES]: seeToDelivery(shared),
      [STATES]: seeToEndpoint(steps, untilMs),
      [JOBS]: jobStep(jobs, untilMs),
    };
    return sweep(shared, responsible, untilMs);
  };
}
