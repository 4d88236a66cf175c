import { tokensOf } from './execute/cost';
import type { Runnable } from './execute/execute';
import { areValid } from './execute/variables';
import { type Asked, sha256 } from './known';
import type { LiveGraph } from './live-graph';
import type { Examined } from './planning/examine';
import type { GraphRequest } from './request';
import { RequestError } from './request-error';

/** A request whose cost is known: its operation is, or its document has been examined, or there is nothing to run. */
export interface Prepared {
  readonly cost: number;
  readonly isMutation: boolean;
  readonly found:
    | { readonly asked: Asked; readonly runnable: Runnable }
    | { readonly asked: Asked; readonly examined: Examined }
    | RequestError;
}

/** Finds the operation that a request asks for, or looks at its document. Never throws for what callers send. */
export async function prepared(graph: LiveGraph, request: GraphRequest): Promise<Prepared> {
  const query = await documentOf(graph, request);
  if (query instanceof RequestError) return { cost: 1, isMutation: false, found: query };
  const asked = { query, operationName: request.operationName };
  const runnable = await graph.known.find(asked);
  if (runnable) {
    const isMutation = runnable.operation.kind === 'mutation';
    return { cost: costOf(runnable.operation, request), isMutation, found: { asked, runnable } };
  }
  const planner = await graph.planner();
  const examined = planner.examine(query, request.operationName);
  const isMutation = examined.isMutation === true;
  return { cost: costOf(examined, request), isMutation, found: { asked, examined } };
}

/** The operation, to be run with the request's variables. Throws a RequestError for what cannot be run. */
export async function ready(graph: LiveGraph, request: GraphRequest, { found }: Prepared): Promise<Runnable> {
  if (found instanceof RequestError) throw found;
  const { asked } = found;
  if (request.hash !== undefined && request.query !== undefined)
    await graph.known.keepDocument(request.hash, request.query);
  if ('examined' in found) {
    const planner = await graph.planner();
    const { operation, isLasting } = planner.learn(found.examined, request.variables);
    return isLasting ? graph.known.keep(asked, operation) : graph.known.link(operation);
  }
  const { runnable } = found;
  if (areValid(runnable.operation, request.variables)) return runnable;
  (await graph.planner()).checkVariables(asked.query, asked.operationName, request.variables);
  return runnable;
}

/** The document itself; of an automatic persisted query the one that was sent before with its hash. */
async function documentOf(graph: LiveGraph, { query, hash }: GraphRequest): Promise<string | RequestError> {
  if (hash === undefined) return query ?? '';
  if (query === undefined) return (await graph.known.document(hash)) ?? NOT_FOUND;
  return sha256(query) === hash ? query : MISMATCH;
}

const problem = (message: string, code: string) => new RequestError([{ message, extensions: { code } }]);
const NOT_FOUND = problem('PersistedQueryNotFound', 'PERSISTED_QUERY_NOT_FOUND');
const MISMATCH = problem('provided sha does not match query', 'PERSISTED_QUERY_MISMATCH');

const costOf = ({ cost, defaults }: Pick<Examined, 'cost' | 'defaults'>, { variables }: GraphRequest): number =>
  tokensOf(cost, { ...defaults, ...variables });
