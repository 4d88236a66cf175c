import { readFileSync } from 'node:fs';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { unifiedGraphHandler, useQueryPlan } from '@graphql-hive/router-runtime';

/*
 * Hive Gateway with the planner of Hive Router, which is Rust: @graphql-hive/router-runtime loads the native addon
 * @graphql-hive/router-query-planner and plans with nothing else. That it is used is asked of the addon's own process
 * (`isNative`), and of the plan itself, which only this runtime notes.
 */
let hasPlan = false;
const gateway = createGatewayRuntime({
  supergraph: readFileSync(process.env.SUPERGRAPH, 'utf8'),
  unifiedGraphHandler,
  logging: false,
  landingPage: false,
  graphiql: false,
  plugins: () => [
    useQueryPlan({
      onQueryPlan(plan) {
        hasPlan ||= plan?.kind === 'QueryPlan';
      },
    }),
  ],
});

export async function ask(body) {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const response = await gateway.fetch(new Request('http://gateway/graphql', { method: 'POST', headers, body }));
  return response.text();
}

/** Whether the Rust planner is loaded into this process and has made a plan. */
export const isNative = () =>
  hasPlan && process.report.getReport().sharedObjects.some((path) => path.includes('hive_router_query_planner'));
