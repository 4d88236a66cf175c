import type { APIGatewayProxyEvent } from 'aws-lambda';
import { permits } from '../shared/access/permissions';
import type { Principal } from '../shared/access/principal';
import { refuse } from '../shared/errors';
import { DEFAULT_GRAPH_SETTINGS, type GraphSettings } from '../shared/graph/settings';
import type { Operations, RawAnswer } from '../shared/http/route';
import type { RequestCost, ServeOptions } from '../shared/http/serve';
import type { LimitState, Policy } from '../shared/limits/standing';
import type { LiveSettings } from '../shared/settings/live-settings';
import { countOverBudget, countOverLimit } from '../shared/telemetry';
import { alongFrom } from './along';
import { answerOf, answerOfError, mediaTypeOf } from './answer';
import type { graphRoutes } from './contract';
import { objectsOf } from './execute/cost';
import type { Runnable } from './execute/execute';
import type { Excess } from './execute/operation';
import type { CurrentGraph, LiveGraph } from './live-graph';
import { type Prepared, prepared, ready } from './prepare';
import type { Principals } from './principals';
import { type GraphRequest, graphRequestOf } from './request';
import { isRequestError } from './request-error';
import type { TrustedDocuments } from './trusted';
import { noteUnknown } from './unknown-documents';
import type { Usage } from './usage';

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
  readonly limits: LimitState;
}

/** What has been found out about a request before its caller's limits were asked. */
interface Begun {
  readonly request: GraphRequest;
  readonly graph: LiveGraph | undefined;
  readonly prepared: Prepared | undefined;
  /** Those that were in force when it began. */
  readonly settings: GraphSettings;
}

/** How the graph is operated while it runs. */
export interface Operated {
  /** @default those of a stage where nobody has set any */
  readonly settings?: Pick<LiveSettings<GraphSettings>, 'fresh'>;
  /** @default none */
  readonly trusted?: TrustedDocuments;
  /** Who tells subgraphs who is asking. @default none of them asks */
  readonly principals?: Principals;
  /** @default nobody counts which operations are run */
  readonly usage?: Usage;
}

const NONE: TrustedDocuments = { find: async () => undefined };
const UNSET = { fresh: async () => ({ version: 0, settings: DEFAULT_GRAPH_SETTINGS }) };
const unsigned = async () => refuse('internal');
const UNSIGNED: Principals = { token: unsigned, jwks: unsigned };

/** GraphQL over HTTP. */
export function federatedGraph(
  current: CurrentGraph,
  { settings: live = UNSET, trusted = NONE, principals = UNSIGNED, usage }: Operated = {},
): FederatedGraph {
  const requests = new WeakMap<APIGatewayProxyEvent, Promise<Begun>>();
  const begin = async (event: APIGatewayProxyEvent): Promise<Begun> => {
    const request = graphRequestOf(event);
    const [graph, { settings }] = await Promise.all([current(), live.fresh()]);
    return { request, graph, settings, prepared: graph && (await prepared(graph, request, { settings, trusted })) };
  };
  const begun = (event: APIGatewayProxyEvent): Promise<Begun> => {
    const known = requests.get(event) ?? begin(event);
    requests.set(event, known);
    return known;
  };
  // What is wrong with a request is told when it is run: until its caller's limits are asked, it costs 1.
  const cost = async (event: APIGatewayProxyEvent): Promise<RequestCost> => begun(event).then(costOf, () => ONE);
  const run = async (call: Call) => execute(await begun(call.event), call, { principals, usage });
  return {
    operations: { postGraph: run, getGraph: run, getSubgraphJwks: principals.jwks },
    costs: { postGraph: cost, getGraph: cost },
  };
}

const ONE: RequestCost = { spent: 1 };

function costOf({ prepared: found, settings }: Begun): RequestCost {
  if (!found) return ONE;
  return settings.cost === 'enforce' ? { spent: found.cost } : { ...ONE, observed: found.cost };
}

const unpublished = () => refuse('not_ready', 'no subgraph is published yet', { headers: { 'retry-after': '60' } });

interface Beside {
  readonly principals: Principals;
  readonly usage: Usage | undefined;
}

async function execute(begun: Begun, call: Call, { principals, usage }: Beside): Promise<RawAnswer> {
  const { request, graph, prepared: found, settings } = begun;
  const { event, requestId, principal, publicUrl, limits } = call;
  const mediaType = mediaTypeOf(event);
  if (!graph || !found) return unpublished();
  const { isMutation, unknown } = found;
  if (isMutation && request.isGet)
    return refuse('method_not_allowed', 'a mutation is sent by POST', { headers: { allow: 'POST' } });
  try {
    const asking = { principal, introspection: mayIntrospect(settings, graph, principal), limits: settings.limits };
    const { runnable, known } = await ready(graph, request, found, asking);
    const tokenFor = async (subgraph: string) => principals.token(principal, subgraph, publicUrl);
    const headers = alongFrom({ event, requestId, tokenFor });
    const ask = graph.subgraphs({ requestId, repeatable: !isMutation, headers });
    if (known) usage?.note(runnable, known);
    if (unknown !== undefined) noteUnknown(unknown, request);
    const warnings = warningsOf(found, limits, settings);
    const estimatedCost = request.wantsCost ? estimateOf(runnable, request) : undefined;
    return answerOf(await runnable.run(ask, request.variables, { warnings, estimatedCost }), mediaType);
  } catch (error) {
    if (isRequestError(error)) return answerOfError(error, mediaType);
    throw error;
  }
}

/** Counts what would have been refused, and gives what its caller is told of that. */
function warningsOf({ over, cost }: Prepared, { exceeded }: LimitState, settings: GraphSettings): readonly Excess[] {
  if (over) countOverLimit();
  if (exceeded) countOverBudget();
  return [
    ...(over && settings.limits === 'warn' ? [over] : []),
    ...(exceeded && settings.cost === 'warn' ? [overBudget(exceeded, cost)] : []),
  ];
}

const overBudget = ({ scope, name, limit }: Policy, cost: number): Excess => ({
  code: 'OVER_BUDGET',
  message: `The operation costs ${cost}, which the ${name} limit of the ${scope} (${limit}) would refuse.`,
});

/** In objects, as what it has cost. */
const estimateOf = ({ operation: { cost, defaults } }: Runnable, { variables }: GraphRequest): number =>
  objectsOf(cost, { ...defaults, ...variables });

function mayIntrospect({ introspection }: GraphSettings, graph: LiveGraph, principal: Principal): boolean {
  if (introspection === 'stage') return graph.introspection;
  return introspection === 'operators' && permits(principal, 'subgraphs:read');
}
