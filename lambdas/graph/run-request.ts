import type { APIGatewayProxyEvent } from 'aws-lambda';
import { permits } from '../shared/access/permissions';
import type { Principal } from '../shared/access/principal';
import type { GraphSettings } from '../shared/graph/settings';
import { countOverLimit } from '../shared/telemetry';
import { alongFrom } from './along';
import { objectsOf } from './execute/cost';
import type { Runnable } from './execute/execute';
import type { Excess } from './execute/operation';
import type { LiveGraph } from './live-graph';
import { type Prepared, ready } from './prepare';
import type { Principals } from './principals';
import type { GraphRequest } from './request';
import { isRequestError, type RequestError } from './request-error';
import { noteUnknown } from './unknown-documents';
import type { Usage } from './usage';

/** Who calls, and what goes along with each of the call's requests. */
export interface Running {
  readonly graph: LiveGraph;
  readonly settings: GraphSettings;
  readonly event: APIGatewayProxyEvent;
  readonly requestId: string;
  readonly principal: Principal;
  readonly publicUrl: string;
  readonly principals: Principals;
  readonly usage: Usage | undefined;
  /** What each response warns of. */
  readonly warnings: readonly Excess[];
}

/** Runs one request whose cost has been spent: the JSON text of its response, or why nothing of it was run. */
export async function runRequest(
  request: GraphRequest,
  found: Prepared,
  running: Running,
): Promise<string | RequestError> {
  const { graph, settings, principal, usage } = running;
  const { over, unknown } = found;
  try {
    const asking = { principal, introspection: mayIntrospect(running), limits: settings.limits };
    const { runnable, known } = await ready(graph, request, found, asking);
    if (known) usage?.note(runnable, known);
    if (over) countOverLimit();
    if (unknown !== undefined) noteUnknown(unknown, request);
    const warnings = over && settings.limits === 'warn' ? [...running.warnings, over] : running.warnings;
    const estimatedCost = request.wantsCost ? estimateOf(runnable, request) : undefined;
    return await runnable.run(askFor(found, running), request.variables, { warnings, estimatedCost });
  } catch (error) {
    if (isRequestError(error)) return error;
    throw error;
  }
}

function askFor({ isMutation }: Prepared, { graph, event, requestId, principal, publicUrl, principals }: Running) {
  const tokenFor = async (subgraph: string) => principals.token(principal, subgraph, publicUrl);
  const headers = alongFrom({ event, requestId, tokenFor });
  return graph.subgraphs({ requestId, repeatable: !isMutation, headers });
}

/** In objects, as what it has cost. */
const estimateOf = ({ operation: { cost, defaults } }: Runnable, { variables }: GraphRequest): number =>
  objectsOf(cost, { ...defaults, ...variables });

function mayIntrospect({ settings: { introspection }, graph, principal }: Running): boolean {
  if (introspection === 'stage') return graph.introspection;
  return introspection === 'operators' && permits(principal, 'subgraphs:read');
}
