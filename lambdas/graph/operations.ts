import type { ApolloServer } from '@apollo/server';
import { handlers } from '@as-integrations/aws-lambda';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { refuse } from '../shared/errors';
import { parseBody } from '../shared/http/request';
import type { Operations, RawAnswer } from '../shared/http/route';
import type { ServeOptions } from '../shared/http/serve';
import { askedOf } from './asked';
import { graphRoutes } from './contract';
import type { Excess } from './document-limits';
import { type Examined, examine } from './examine';
import type { Graph } from './server';
import type { GraphContext } from './subgraph';

interface GraphCall {
  readonly event: APIGatewayProxyEvent;
  readonly requestId: string;
}

type Costs = NonNullable<ServeOptions['costs']>;

interface FederatedGraph {
  readonly operations: Operations<typeof graphRoutes>;
  /** What each request costs of its caller's limits, by the operation that it asks to run. */
  readonly costs: Costs;
}

/** GraphQL over HTTP. Starts the server at once, so that a cold start loads the schema before the first request. */
export function federatedGraph({ server, apiSchema }: Graph): FederatedGraph {
  const started = server.start();
  const examinations = new WeakMap<APIGatewayProxyEvent, Examined>();
  const cost = async (event: APIGatewayProxyEvent) => {
    // A server that cannot start says so to each request: in its answer, not in its cost.
    await started.catch(() => undefined);
    const [schema, asked] = [apiSchema(), askedOf(event)];
    if (!schema || !asked) return 1;
    const examined = examine(schema, asked);
    examinations.set(event, examined);
    return examined.cost;
  };
  const run = async (call: GraphCall) => {
    await started;
    const over = examinations.get(call.event)?.excess;
    return over ? refused(over) : execute(server, call);
  };
  const operations: Operations<typeof graphRoutes> = {
    async postGraph(call) {
      // Size, content type and syntax are refused as on any other route; the rest is Apollo's to say.
      parseBody(graphRoutes.postGraph.body, call.event);
      return run(call);
    },
    getGraph: run,
  };
  return { operations, costs: { postGraph: cost, getGraph: cost } };
}

const unpublished = async () =>
  refuse('not_ready', 'no subgraph is published yet', { headers: { 'retry-after': '60' } });

/** Of a stage that has no subgraphs: nothing to compose, so nothing to answer with. */
export const emptyGraph: FederatedGraph = {
  operations: { postGraph: unpublished, getGraph: unpublished },
  costs: {},
};

/** In the form of GraphQL over HTTP, before anything is validated, planned or run. */
const refused = ({ code, message }: Excess): RawAnswer => ({
  status: 400,
  headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
  body: JSON.stringify({ errors: [{ message, extensions: { code } }] }),
});

const { fromEvent } = handlers.createAPIGatewayProxyEventRequestHandler();

async function execute(server: ApolloServer<GraphContext>, { event, requestId }: GraphCall): Promise<RawAnswer> {
  const { status, headers, body } = await server.executeHTTPGraphQLRequest({
    httpGraphQLRequest: fromEvent(withEncodedQuery(event)),
    context: async () => ({ requestId }),
  });
  // Chunks come of @defer and @stream, which the gateway's schema does not have.
  if (body.kind !== 'complete') return refuse('internal');
  return { status: status ?? 200, headers: Object.fromEntries(headers), body: body.string };
}

/** API Gateway hands query parameters on decoded; the integration decodes them once more, and fails on a lone `%`. */
function withEncodedQuery(event: APIGatewayProxyEvent): APIGatewayProxyEvent {
  const query = event.multiValueQueryStringParameters ?? {};
  const encoded = Object.entries(query).map(([name, values = []]) => [name, values.map(encodeURIComponent)]);
  return { ...event, multiValueQueryStringParameters: Object.fromEntries(encoded) };
}
