import * as z from 'zod/mini';
import type { Changes } from '../../shared/access/change';
import { hiddenFrom, permits } from '../../shared/access/permissions';
import type { Principal } from '../../shared/access/principal';
import { refuse } from '../../shared/errors';
import { page, placeOf } from '../../shared/http/page';
import type { Operations } from '../../shared/http/route';
import type { jobRoutes } from '../contracts/jobs';
import { isOver, JobId } from '../records/job';
import type { Endpoints } from '../stores/endpoints';
import type { Jobs } from '../stores/jobs';
import { jobView, newJob } from './new-job';

export interface JobDeps {
  readonly changes: Changes;
  readonly endpoints: Endpoints;
  readonly jobs: Jobs;
  nowMs(): number;
}

/** Of one organisation, at the same time. */
export const MOST_JOBS = 20;
const Created = z.object({ id: JobId });
/** Of those who make jobs for one tenant: the count holds until the new one is there. */
const ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtext('gatehouse.jobs'), hashtext($1))";

export const jobOperations = (deps: JobDeps): Operations<typeof jobRoutes> => {
  const find = async (principal: Principal, id: string) => {
    const found = await deps.jobs.get(principal.organisation, id);
    const isShown = found && permits(principal, 'webhooks:read', `webhook:${found.endpoint}`);
    return isShown ? found : refuse('not_found');
  };
  return {
    async createJob(call) {
      const { principal, params, body } = call;
      const { organisation, organisationPlan } = principal;
      const endpoint = (await deps.endpoints.get(organisation, params.id)) ?? refuse('not_found');
      if (endpoint.state !== 'enabled') refuse('conflict', `the endpoint is ${endpoint.state}: enable it first`);
      const job = newJob(endpoint, body, organisationPlan, deps.nowMs());
      const creation = { operation: 'createJob', content: { ...params, ...body }, kept: Created };
      const { id } = await deps.changes.create(call, creation, async (tx) => {
        await tx.query(ONE_AT_A_TIME, [organisation]);
        if ((await deps.jobs.open(organisation)) >= MOST_JOBS)
          refuse('conflict', `${MOST_JOBS} jobs are not done yet: wait for one, or cancel it`);
        tx.audit({ action: 'job.created', target: `job:${job.id}`, after: { endpoint: endpoint.id, ...body } });
        await deps.jobs.put(job);
        return { id: job.id };
      });
      // Read back, because the answer may be that of an earlier request.
      return jobView((await deps.jobs.get(organisation, id)) ?? refuse('not_found'));
    },

    async listJobs({ principal, query }) {
      const { limit, after } = placeOf(JobId, query);
      const hidden = new Set(hiddenFrom(principal, 'webhooks:read'));
      const found = await deps.jobs.list(principal.organisation, after, limit + 1);
      const { items, next } = page(
        found,
        limit,
        (job) => job,
        ({ id }) => id,
      );
      return { items: items.filter(({ endpoint }) => !hidden.has(`webhook:${endpoint}`)).map(jobView), next };
    },

    async getJob({ principal, params }) {
      return jobView(await find(principal, params.job));
    },

    async cancelJob(call) {
      const { principal, params } = call;
      const job = await find(principal, params.job);
      if (!permits(principal, 'webhooks:write', `webhook:${job.endpoint}`))
        refuse('forbidden', 'needs the permission webhooks:write on its endpoint');
      if (isOver(job)) refuse('conflict', `it is ${job.state} already`);
      return deps.changes.change(call, {}, async (tx) => {
        tx.audit({ action: 'job.cancelled', target: `job:${job.id}` });
        return jobView(await cancelled(deps, job.organisation, job.id));
      });
    },
  };
};

/** A job at work writes how far it has come several times a second. */
const MOST_TRIES = 10;

async function cancelled({ jobs, nowMs }: JobDeps, organisation: string, id: string) {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const job = (await jobs.get(organisation, id)) ?? refuse('not_found');
    if (isOver(job)) refuse('conflict', `it is ${job.state} already`);
    const done = await jobs.put({
      ...job,
      state: 'cancelled',
      why: 'cancelled by its organisation',
      endedAtMs: nowMs(),
    });
    if (done) return done;
  }
  return refuse('conflict', 'it is just going on: try again');
}
