import { tokensOf } from './execute/cost';
import type { Runnable } from './execute/execute';
import type { Rule } from './execute/operation';
import { areValid } from './execute/variables';
import { withheldFrom } from './execute/withheld';
import { type Asked, sha256 } from './known';
import type { LiveGraph } from './live-graph';
import type { Examined } from './planning/examine';
import type { GraphRequest } from './request';
import { RequestError } from './request-error';
import { type Caller, textOfRules, unmetRules } from './rights';

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

/** The operation as its caller may run it, with the request's variables. Throws a RequestError for what cannot be run. */
export async function ready(
  graph: LiveGraph,
  request: GraphRequest,
  { found }: Prepared,
  caller: Caller,
): Promise<Runnable> {
  if (found instanceof RequestError) throw found;
  if (request.hash !== undefined && request.query !== undefined)
    await graph.known.keepDocument(request.hash, request.query);
  const whole = await wholeOf(graph, request, found);
  const unmet = unmetRules(whole.operation, caller);
  return unmet.length === 0 ? whole : variantWithout(unmet, graph, request, found.asked, caller);
}

type Found = Exclude<Prepared['found'], RequestError>;

async function wholeOf(graph: LiveGraph, request: GraphRequest, found: Found): Promise<Runnable> {
  const { asked } = found;
  if ('examined' in found) return learned(graph, asked, found.examined, request);
  const { runnable } = found;
  if (areValid(runnable.operation, request.variables)) return runnable;
  (await graph.planner()).checkVariables(asked.query, asked.operationName, request.variables);
  return runnable;
}

/** The operation without what these rules guard: learned as any other, and known to all who meet the same ones. */
async function variantWithout(
  unmet: readonly Rule[],
  graph: LiveGraph,
  request: GraphRequest,
  asked: Asked,
  caller: Caller,
): Promise<Runnable> {
  const variant = { ...asked, without: sha256(textOfRules(unmet)) };
  const known = await graph.known.find(variant);
  const examine = async () => (await graph.planner()).examine(asked.query, asked.operationName);
  const runnable = known ?? (await learned(graph, variant, await examine(), request, unmet));
  const { operation } = runnable;
  // Whatever was found under that name: it is run for nobody who does not meet its rules.
  if (unmetRules(operation, caller).length > 0) throw new Error("the variant of an operation is not its caller's");
  const errors = graph.refuseUnauthorized
    ? withheldFrom(operation, { ...operation.defaults, ...request.variables })
    : [];
  if (errors.length > 0) throw new RequestError(errors);
  return runnable;
}

async function learned(
  graph: LiveGraph,
  asked: Asked,
  examined: Examined,
  { variables }: GraphRequest,
  unmet: readonly Rule[] = [],
): Promise<Runnable> {
  const { operation, isLasting } = (await graph.planner()).learn(examined, variables, unmet);
  return isLasting ? graph.known.keep(asked, operation) : graph.known.link(operation);
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
