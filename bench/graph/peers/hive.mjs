import { readFileSync } from 'node:fs';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { QueryPlanner } from '@graphql-hive/router-query-planner';
import { unifiedGraphHandler } from '@graphql-hive/router-runtime';

/*
 * Hive Gateway with the planner of Hive Router: @graphql-hive/router-runtime plans by a native addon written in Rust and by
 * nothing else. It plans each document once, so that to count plans costs no request anything.
 */
let plans = 0;
const { planAsync } = QueryPlanner.prototype;
QueryPlanner.prototype.planAsync = function counted(...given) {
  plans += 1;
  return planAsync.apply(this, given);
};

const gateway = createGatewayRuntime({
  supergraph: readFileSync(process.env.SUPERGRAPH, 'utf8'),
  unifiedGraphHandler,
  logging: false,
  landingPage: false,
  graphiql: false,
});

export async function ask(body) {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const response = await gateway.fetch(new Request('http://gateway/graphql', { method: 'POST', headers, body }));
  return response.text();
}

/** Plans that the addon has made. */
export const plansInRust = () => plans;
