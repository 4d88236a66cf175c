import * as z from 'zod/mini';
import { authorizer } from '../../lambdas/authorizer/answer';
import { credentialIdentity } from '../../lambdas/authorizer/credential';
import { issuerRoutes } from '../../lambdas/issuers/contract';
import { fetchKeys } from '../../lambdas/issuers/fetch-keys';
import { issuers } from '../../lambdas/issuers/issuers';
import { published } from '../../lambdas/issuers/published';
import { refresh } from '../../lambdas/issuers/refresh';
import { type Identity, identityOf } from '../../lambdas/shared/access/principal';
import type { FetchKeys } from '../../lambdas/shared/credentials/issuer-keys';
import { type Contract, type Operations } from '../../lambdas/shared/http/route';
import { serve } from '../../lambdas/shared/http/serve';
import { authorizerEvent } from './authorizer-event';
import { KEYS_TABLE, startAws, type TestAws } from './aws';
import { event } from './event';
import { ask } from './handled';
import { startTenants, type TestTenants } from './tenants';

/** A route that anybody with the role viewer may call; it says what the caller may do. */
const whoRoutes = {
  who: {
    method: 'GET',
    path: '/who',
    summary: '',
    auth: 'any',
    permission: 'graph:query',
    reply: { status: 200, body: z.object({ id: z.string(), roles: z.array(z.string()) }) },
  },
} as const satisfies Contract;
const who: Operations<typeof whoRoutes> = {
  who: async ({ principal: { id, roles } }) => ({ id, roles: [...roles] }),
};

export interface Who {
  readonly status: number;
  readonly id?: string;
  readonly roles?: readonly string[];
}

const fetching: FetchKeys = ({ issuer, jwksUri, algorithm }) =>
  fetchKeys({ issuer, algorithm, ...(jwksUri !== undefined && { jwksUri }) }, { privateTargets: true });

/** The whole way of an issuer's token: the API, the refresh and authorizers over real stores, with a clock of their own. */
export async function startIssuers() {
  const [tenants, aws]: [TestTenants, TestAws] = await Promise.all([startTenants(), startAws()]);
  const records = { redis: tenants.redis.client, table: KEYS_TABLE };
  const clock = { nowMs: Date.now() };
  const nowSeconds = () => Math.floor(clock.nowMs / 1000);
  const api = serve(issuerRoutes, issuers(tenants.changes, published(records, fetching, nowSeconds)), tenants.serve);
  const probe = serve(whoRoutes, who, tenants.serve);

  /** One environment of the authorizer. */
  const environment = () => {
    const deps = { records, pepperSecret: 'pepper', fetchKeys: fetching, nowMs: () => clock.nowMs };
    const authorize = authorizer(credentialIdentity(deps));
    /** Who bears the token, as the functions behind the authorizer are told; nothing for a 401. Anything else rejects. */
    return async (token: string): Promise<Identity | undefined> => {
      const { requestContext } = event({ resource: '/who' });
      try {
        const { principalId, context } = await authorize(authorizerEvent({ Authorization: `Bearer ${token}` }));
        return identityOf({ ...requestContext, authorizer: { principalId, ...context } });
      } catch (error) {
        if (error instanceof Error && error.message === 'Unauthorized') return undefined;
        throw error;
      }
    };
  };

  const calls = async (identity: Identity | undefined): Promise<Who> => {
    if (!identity) return { status: 401 };
    const { status, text } = await ask(probe, { resource: '/who', principal: identity });
    return status === 200
      ? { status, ...z.object({ id: z.string(), roles: z.array(z.string()) }).parse(JSON.parse(text)) }
      : { status };
  };
  return {
    tenants,
    clock,
    records,
    api,
    environment,
    calls,
    refresh: refresh({ records, fetchKeys: fetching, nowSeconds }),
    async stop() {
      await Promise.all([tenants.stop(), aws.stop()]);
    },
  };
}
export type TestIssuers = Awaited<ReturnType<typeof startIssuers>>;
