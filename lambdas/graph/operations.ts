import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { Principal } from '../shared/access/principal';
import { refuse } from '../shared/errors';
import type { Operations, RawAnswer } from '../shared/http/route';
import type { ServeOptions } from '../shared/http/serve';
import { alongFrom } from './along';
import { answerOf, answerOfError, mediaTypeOf } from './answer';
import type { graphRoutes } from './contract';
import type { CurrentGraph, LiveGraph } from './live-graph';
import { type Prepared, prepared, ready } from './prepare';
import type { Principals } from './principals';
import { type GraphRequest, graphRequestOf } from './request';
import { RequestError } from './request-error';

interface FederatedGraph {
  readonly operations: Operations<typeof graphRoutes>;
  /** What each request costs of its caller's limits, by the operation that it asks to run. */
  readonly costs: NonNullable<ServeOptions['costs']>;
}

interface Call {
  readonly event: APIGatewayProxyEvent;
  readonly requestId: string;
  readonly principal: Principal;
  readonly publicUrl: string;
}

/** What has been found out about a request before its caller's limits were asked. */
interface Begun {
  readonly request: GraphRequest;
  readonly graph: LiveGraph | undefined;
  readonly prepared: Prepared | undefined;
}

const unsigned = async () => refuse('internal');
/** Where no subgraph asks who is asking. */
const UNSIGNED: Principals = { token: unsigned, jwks: unsigned };

/** GraphQL over HTTP. */
export function federatedGraph(current: CurrentGraph, principals: Principals = UNSIGNED): FederatedGraph {
  const requests = new WeakMap<APIGatewayProxyEvent, Promise<Begun>>();
  const begin = async (event: APIGatewayProxyEvent): Promise<Begun> => {
    const request = graphRequestOf(event);
    const graph = await current();
    return { request, graph, prepared: graph && (await prepared(graph, request)) };
  };
  const begun = (event: APIGatewayProxyEvent): Promise<Begun> => {
    const known = requests.get(event) ?? begin(event);
    requests.set(event, known);
    return known;
  };
  // What is wrong with a request is told when it is run: until its caller's limits are asked, it costs 1.
  const cost = async (event: APIGatewayProxyEvent) =>
    begun(event).then(
      (known) => known.prepared?.cost ?? 1,
      () => 1,
    );
  const run = async (call: Call) => execute(await begun(call.event), call, principals);
  return {
    operations: { postGraph: run, getGraph: run, getSubgraphJwks: principals.jwks },
    costs: { postGraph: cost, getGraph: cost },
  };
}

const unpublished = () => refuse('not_ready', 'no subgraph is published yet', { headers: { 'retry-after': '60' } });

async function execute({ request, graph, prepared: found }: Begun, call: Call, by: Principals): Promise<RawAnswer> {
  const { event, requestId, principal, publicUrl } = call;
  const mediaType = mediaTypeOf(event);
  if (!graph || !found) return unpublished();
  const { isMutation } = found;
  if (isMutation && request.isGet)
    return refuse('method_not_allowed', 'a mutation is sent by POST', { headers: { allow: 'POST' } });
  try {
    const { run } = await ready(graph, request, found);
    const tokenFor = async (subgraph: string) => by.token(principal, subgraph, publicUrl);
    const ask = graph.subgraphs({
      requestId,
      repeatable: !isMutation,
      headers: alongFrom({ event, requestId, tokenFor }),
    });
    return answerOf(await run(ask, request.variables), mediaType);
  } catch (error) {
    if (error instanceof RequestError) return answerOfError(error, mediaType);
    throw error;
  }
}
