import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { Principal } from '../shared/access/principal';
import { refuse } from '../shared/errors';
import { DEFAULT_GRAPH_SETTINGS, type GraphSettings } from '../shared/graph/settings';
import type { Operations, RawAnswer } from '../shared/http/route';
import type { RequestCost, ServeOptions } from '../shared/http/serve';
import type { LimitState, Policy } from '../shared/limits/standing';
import type { LiveSettings } from '../shared/settings/live-settings';
import { countOverBudget } from '../shared/telemetry';
import { answerOf, answerOfAll, mediaTypeOf } from './answer';
import type { graphRoutes } from './contract';
import type { Excess } from './execute/operation';
import type { CurrentGraph, LiveGraph } from './live-graph';
import { type Prepared, prepared } from './prepare';
import type { Principals } from './principals';
import { type GraphRequest, graphRequestsOf } from './request';
import { type Running, runRequest } from './run-request';
import type { TrustedDocuments } from './trusted';
import type { Usage } from './usage';

interface FederatedGraph {
  readonly operations: Operations<typeof graphRoutes>;
  /** What each request costs of its caller's limits, by the operations that it asks to run. */
  readonly costs: NonNullable<ServeOptions['costs']>;
}

interface Call {
  readonly event: APIGatewayProxyEvent;
  readonly requestId: string;
  readonly principal: Principal;
  readonly publicUrl: string;
  readonly limits: LimitState;
}

interface Part {
  readonly request: GraphRequest;
  readonly found: Prepared;
}

/** What has been found out about a call before its caller's limits were asked. */
interface Begun {
  readonly isBatch: boolean;
  readonly graph: LiveGraph | undefined;
  /** Each operation that it asks to run; none where there is no graph. */
  readonly parts: readonly Part[];
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

const nothing = async () => undefined;
const NONE: TrustedDocuments = { glance: nothing, find: nothing };
const UNSET = { fresh: async () => ({ version: 0, settings: DEFAULT_GRAPH_SETTINGS }) };
const unsigned = async () => refuse('internal');
const UNSIGNED: Principals = { token: unsigned, jwks: unsigned };

/** GraphQL over HTTP. */
export function federatedGraph(
  current: CurrentGraph,
  { settings: live = UNSET, trusted = NONE, principals = UNSIGNED, usage }: Operated = {},
): FederatedGraph {
  const calls = new WeakMap<APIGatewayProxyEvent, Promise<Begun>>();
  const begin = async (event: APIGatewayProxyEvent): Promise<Begun> => {
    const { requests, isBatch } = graphRequestsOf(event);
    const [graph, { settings }] = await Promise.all([current(), live.fresh()]);
    if (isBatch) mustBeFew(requests.length, settings);
    const part = async (request: GraphRequest, of: LiveGraph): Promise<Part> => ({
      request,
      found: await prepared(of, request, { settings, published: trusted.glance }),
    });
    const parts = graph ? await forEach(requests, async (request) => part(request, graph)) : [];
    return { isBatch, graph, settings, parts };
  };
  const begun = (event: APIGatewayProxyEvent): Promise<Begun> => {
    const known = calls.get(event) ?? begin(event);
    calls.set(event, known);
    return known;
  };
  // What is wrong with a request is told when it is run: until its caller's limits are asked, it costs 1.
  const cost = async (event: APIGatewayProxyEvent): Promise<RequestCost> => begun(event).then(costOf, () => ONE);
  const run = async (call: Call) => execute(await begun(call.event), call, { principals, usage, trusted });
  return {
    operations: { postGraph: run, getGraph: run, getSubgraphJwks: principals.jwks },
    costs: { postGraph: cost, getGraph: cost },
  };
}

function mustBeFew(count: number, { batching }: GraphSettings): void {
  if (!batching) refuse('bad_request', 'body: send one operation a request; batches are not accepted');
  else if (count > batching.most) refuse('bad_request', `body: a list may hold ${batching.most} operations`);
}

const ONE: RequestCost = { spent: 1 };

/** Each operation of a batch is counted as if it had been sent by itself. */
function costOf({ parts, settings }: Begun): RequestCost {
  const each = Math.max(1, parts.length);
  const whole = sumOf(parts) || each;
  return settings.cost === 'enforce' ? { spent: whole } : { spent: each, observed: whole };
}

const sumOf = (parts: readonly Part[]): number => parts.reduce((sum, { found }) => sum + found.cost, 0);

const unpublished = () => refuse('not_ready', 'no subgraph is published yet', { headers: { 'retry-after': '60' } });

interface Beside {
  readonly principals: Principals;
  readonly usage: Usage | undefined;
  readonly trusted: TrustedDocuments;
}

async function execute(begun: Begun, call: Call, beside: Beside): Promise<RawAnswer> {
  const { isBatch, graph, settings } = begun;
  const mediaType = mediaTypeOf(call.event);
  if (!graph) return unpublished();
  const parts = await forEach(begun.parts, async (part) => surely(part, graph, settings, beside));
  if (parts.some(({ request, found }) => request.isGet && found.isMutation))
    return refuse('method_not_allowed', 'a mutation is sent by POST', { headers: { allow: 'POST' } });
  // Each by its name: spread into one another, they take several microseconds of each request.
  const running: Running = {
    graph,
    settings,
    event: call.event,
    requestId: call.requestId,
    principal: call.principal,
    publicUrl: call.publicUrl,
    principals: beside.principals,
    usage: beside.usage,
    warnings: budgetWarnings(call, settings, begun.parts),
  };
  const responses = await forEach(parts, async ({ request, found }) => runRequest(request, found, running));
  const [only] = responses;
  return isBatch || only === undefined ? answerOfAll(responses, mediaType) : answerOf(only, mediaType);
}

/** At once for all. Nearly all lists hold one: that one waits for nothing but itself. */
async function forEach<A, B>(list: readonly A[], make: (item: A) => Promise<B>): Promise<B[]> {
  const [only] = list;
  return only !== undefined && list.length === 1 ? [await make(only)] : Promise.all(list.map(make));
}

/** PostgreSQL is asked for names that nobody knows only within the caller's limits. */
async function surely(part: Part, graph: LiveGraph, settings: GraphSettings, { trusted }: Beside): Promise<Part> {
  if (!part.found.isUnsure) return part;
  const { request } = part;
  return { request, found: await prepared(graph, request, { settings, published: trusted.find }) };
}

/** Counts what would have been refused, and gives what the caller is told of it. */
function budgetWarnings({ limits: { exceeded } }: Call, settings: GraphSettings, parts: readonly Part[]) {
  if (!exceeded) return NO_WARNINGS;
  countOverBudget();
  return settings.cost === 'warn' ? [overBudget(exceeded, sumOf(parts))] : NO_WARNINGS;
}

const NO_WARNINGS: readonly Excess[] = [];

const overBudget = ({ scope, name, limit }: Policy, cost: number): Excess => ({
  code: 'OVER_BUDGET',
  message: `The request costs ${cost}, which the ${name} limit of the ${scope} (${limit}) would refuse.`,
});
