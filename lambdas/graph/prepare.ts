import { documentHash } from '../shared/graph/documents';
import type { GraphSettings } from '../shared/graph/settings';
import { type Document, documentOf, type Published } from './document';
import { tokensOf } from './execute/cost';
import type { Runnable } from './execute/execute';
import type { Excess, Rule } from './execute/operation';
import { areValid } from './execute/variables';
import { withheldFrom } from './execute/withheld';
import type { Asked } from './known';
import type { LiveGraph } from './live-graph';
import type { Examined } from './planning/examine';
import type { GraphRequest } from './request';
import { RequestError } from './request-error';
import { type Caller, textOfRules, unmetRules } from './rights';

/** A request whose cost is known: its operation is, or its document has been examined, or there is nothing to run. */
export interface Prepared {
  readonly cost: number;
  readonly isMutation: boolean;
  /** A limit that its document is over, and run all the same. */
  readonly over?: Excess | undefined;
  /** The hash of a document that no client has published. */
  readonly unknown?: string | undefined;
  /** Whether its document may run is asked once its caller's limits were: it is prepared again then. */
  readonly isUnsure?: boolean;
  readonly found:
    | { readonly asked: Asked; readonly runnable: Runnable }
    | { readonly asked: Asked; readonly examined: Examined }
    | RequestError;
}

/** What the operator has set, and which documents it has. */
export interface Policy {
  readonly settings: GraphSettings;
  readonly published: Published;
}

/** Finds the operation that a request asks for, or looks at its document. Never throws for what callers send. */
export async function prepared(
  graph: LiveGraph,
  request: GraphRequest,
  { settings, published }: Policy,
): Promise<Prepared> {
  const { limits } = settings;
  const document = await documentOf(request, settings.documents, { known: graph.known, published });
  if (document instanceof RequestError) return refused(document);
  if (!('isUnsure' in document)) return prepare(graph, request, document, limits);
  const { query, isUnsure } = document;
  return { ...(query === undefined ? NAMED : await prepare(graph, request, { query }, limits)), isUnsure };
}

async function prepare(
  graph: LiveGraph,
  request: GraphRequest,
  { query, unknown }: Document,
  limits: GraphSettings['limits'],
): Promise<Prepared> {
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
  const isMutation = examined.isMutation === true;
  return { cost: costOf(examined, request), isMutation, over: examined.over, unknown, found: { asked, examined } };
}

const refused = (found: RequestError): Prepared => ({ cost: 1, isMutation: false, found });
/** What a name means that was never asked for: whoever has published it is the first to run it, and spends 1 that once. */
const NAMED = refused(new RequestError([]));
const told = ({ message, code }: Excess) => ({ message, extensions: { code } });

/** Who asks, and what the settings of the graph let them. */
export interface Asking {
  readonly principal: Caller;
  /** Whether the caller may ask for the schema. */
  readonly introspection: boolean;
  readonly limits: GraphSettings['limits'];
}

interface Ready {
  readonly runnable: Runnable;
  /** What it is known by; absent where it is run this once. */
  readonly known?: Asked;
}

/** The operation as its caller may run it, with the request's variables. Throws a RequestError for what cannot be run. */
export async function ready(
  graph: LiveGraph,
  request: GraphRequest,
  { found }: Prepared,
  asking: Asking,
): Promise<Ready> {
  if (found instanceof RequestError) throw found;
  if (request.hash !== undefined && request.query !== undefined)
    await graph.known.keepDocument(request.hash, request.query);
  const whole = await wholeOf(graph, request, found, asking);
  const unmet = unmetRules(whole.runnable.operation, asking.principal);
  return unmet.length === 0 ? whole : variantWithout(unmet, graph, request, found.asked, asking);
}

type Found = Exclude<Prepared['found'], RequestError>;

async function wholeOf(graph: LiveGraph, request: GraphRequest, found: Found, asking: Asking): Promise<Ready> {
  const { asked } = found;
  if ('examined' in found) return learned(graph, asked, found.examined, request, asking);
  const { runnable } = found;
  const { variables } = request;
  const { introspection } = asking;
  if (areValid(runnable.operation, variables)) return { runnable, known: asked };
  (await graph.planner()).checkVariables(asked.query, asked.operationName, { variables, introspection });
  return { runnable, known: asked };
}

/** The operation without what these rules guard: learned as any other, and known to all who meet the same ones. */
async function variantWithout(
  unmet: readonly Rule[],
  graph: LiveGraph,
  request: GraphRequest,
  asked: Asked,
  asking: Asking,
): Promise<Ready> {
  const variant = { ...asked, without: documentHash(textOfRules(unmet)) };
  const known = await graph.known.find(variant);
  const examine = async () => (await graph.planner()).examine(asked.query, asked.operationName, asking.limits);
  const runnable = known ?? (await learned(graph, variant, await examine(), request, asking, unmet)).runnable;
  const { operation } = runnable;
  // Whatever was found under that name: it is run for nobody who does not meet its rules.
  if (unmetRules(operation, asking.principal).length > 0)
    throw new Error("the variant of an operation is not its caller's");
  const errors = graph.refuseUnauthorized
    ? withheldFrom(operation, { ...operation.defaults, ...request.variables })
    : [];
  if (errors.length > 0) throw new RequestError(errors);
  return { runnable, known: asked };
}

async function learned(
  graph: LiveGraph,
  asked: Asked,
  examined: Examined,
  { variables }: GraphRequest,
  { introspection }: Asking,
  unmet: readonly Rule[] = [],
): Promise<Ready> {
  const planner = await graph.planner();
  const { operation, isLasting } = planner.learn(examined, { variables, introspection, unmet });
  if (!isLasting) return { runnable: graph.known.link(operation) };
  return { runnable: await graph.known.keep(asked, operation), known: asked };
}

const costOf = ({ cost, defaults }: Pick<Examined, 'cost' | 'defaults'>, { variables }: GraphRequest): number =>
  tokensOf(cost, { ...defaults, ...variables });
