import type { GraphSettings } from '../shared/graph/settings';
import { documentOf } from './document';
import { tokensOf } from './execute/cost';
import type { Runnable } from './execute/execute';
import type { Excess } from './execute/operation';
import { areValid } from './execute/variables';
import type { Asked } from './known';
import type { LiveGraph } from './live-graph';
import type { Examined } from './planning/examine';
import type { GraphRequest } from './request';
import { RequestError } from './request-error';
import type { TrustedDocuments } from './trusted';

/** A request whose cost is known: its operation is, or its document has been examined, or there is nothing to run. */
export interface Prepared {
  readonly cost: number;
  readonly isMutation: boolean;
  /** A limit that its document is over, and run all the same. */
  readonly over?: Excess | undefined;
  /** The hash of a document that no client has published. */
  readonly unknown?: string | undefined;
  readonly found:
    | { readonly asked: Asked; readonly runnable: Runnable }
    | { readonly asked: Asked; readonly examined: Examined }
    | RequestError;
}

/** What the operator has set, and which documents it has. */
export interface Policy {
  readonly settings: GraphSettings;
  readonly trusted: TrustedDocuments;
}

/** Finds the operation that a request asks for, or looks at its document. Never throws for what callers send. */
export async function prepared(
  graph: LiveGraph,
  request: GraphRequest,
  { settings, trusted }: Policy,
): Promise<Prepared> {
  const { limits } = settings;
  const document = await documentOf(request, settings.documents, { known: graph.known, trusted });
  if (document instanceof RequestError) return refused(document);
  const { query, unknown } = document;
  const asked = { query, operationName: request.operationName };
  const runnable = await graph.known.find(asked);
  if (runnable) {
    const { operation } = runnable;
    const { over } = operation;
    if (over && limits === 'enforce') return refused(new RequestError([told(over)], 'limit'));
    const isMutation = operation.kind === 'mutation';
    return { cost: costOf(operation, request), isMutation, over, unknown, found: { asked, runnable } };
  }
  const planner = await graph.planner();
  const examined = planner.examine(query, request.operationName, limits);
  const isMutation = examined.operation?.operation === 'mutation';
  return { cost: costOf(examined, request), isMutation, over: examined.over, unknown, found: { asked, examined } };
}

const refused = (found: RequestError): Prepared => ({ cost: 1, isMutation: false, found });
const told = ({ message, code }: Excess) => ({ message, extensions: { code } });

interface Ready {
  readonly runnable: Runnable;
  /** What it is known by; absent where it is run this once. */
  readonly known?: Asked;
}

/**
 * The operation, to be run with the request's variables. Throws a RequestError for what cannot be run.
 * @param introspection whether the caller may ask for the schema
 */
export async function ready(
  graph: LiveGraph,
  request: GraphRequest,
  { found }: Prepared,
  introspection: boolean,
): Promise<Ready> {
  if (found instanceof RequestError) throw found;
  const { asked } = found;
  const { variables } = request;
  if (request.hash !== undefined && request.query !== undefined)
    await graph.known.keepDocument(request.hash, request.query);
  if ('examined' in found) {
    const planner = await graph.planner();
    const { operation, isLasting } = planner.learn(found.examined, { variables, introspection });
    if (!isLasting) return { runnable: graph.known.link(operation) };
    return { runnable: await graph.known.keep(asked, operation), known: asked };
  }
  const { runnable } = found;
  if (!areValid(runnable.operation, variables)) {
    const planner = await graph.planner();
    planner.checkVariables(asked.query, asked.operationName, { variables, introspection });
  }
  return { runnable, known: asked };
}

const costOf = ({ cost, defaults }: Pick<Examined, 'cost' | 'defaults'>, { variables }: GraphRequest): number =>
  tokensOf(cost, { ...defaults, ...variables });
