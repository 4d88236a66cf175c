import type { Method } from './document';
import { GatewayError } from './gateway-response';

interface Branch {
  readonly name: string;
  readonly node: Node;
}

interface Node {
  readonly literals: Map<string, Node>;
  parameter: Branch | undefined;
  proxy: Branch | undefined;
  /** By verb; empty where the document has no methods. */
  readonly methods: Map<string, Method>;
}

export interface Match {
  readonly method: Method;
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** Finds the method for a request; none when the path or the method is unknown. */
export type Router = (verb: string, rawPath: string) => Match | undefined;

const emptyNode = (): Node => ({ literals: new Map(), parameter: undefined, proxy: undefined, methods: new Map() });

const descend = (node: Node, segment: string): Node => {
  if (segment.endsWith('+}')) return (node.proxy ??= { name: segment.slice(1, -2), node: emptyNode() }).node;
  if (segment.startsWith('{')) return (node.parameter ??= { name: segment.slice(1, -1), node: emptyNode() }).node;
  const known = node.literals.get(segment) ?? emptyNode();
  node.literals.set(segment, known);
  return known;
};

/** Slashes at the start and one at the end do not count. */
const segmentsOf = (path: string): readonly string[] => {
  const trimmed = path.replace(/^\/+/, '').replace(/\/$/, '');
  return trimmed === '' ? [] : trimmed.split('/');
};

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new GatewayError('DEFAULT_4XX', { status: 400, message: 'Bad Request' });
  }
};

interface Found {
  readonly node: Node;
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** A literal beats a parameter, a parameter beats a proxy; a resource without methods is no resource. */
const find = (node: Node, segments: readonly string[]): Found | undefined => {
  const [segment, ...rest] = segments;
  if (segment === undefined) return node.methods.size > 0 ? { node, pathParameters: {} } : undefined;
  const literal = node.literals.get(segment);
  const found = literal && find(literal, rest);
  if (found) return found;
  const deeper = segment !== '' && node.parameter && find(node.parameter.node, rest);
  if (deeper && node.parameter) {
    return { node: deeper.node, pathParameters: { ...deeper.pathParameters, [node.parameter.name]: segment } };
  }
  return node.proxy && { node: node.proxy.node, pathParameters: { [node.proxy.name]: segments.join('/') } };
};

/**
 * A router over the document's methods. The resource is chosen by the path alone: a verb that it lacks is unknown, even
 * when a proxy above it would take it. So a document that must answer other verbs itself gives each path an
 * `x-amazon-apigateway-any-method`. Throws a {@link GatewayError} for a path that is not percent-encoded UTF-8.
 */
export const routerOf = (methods: readonly Method[]): Router => {
  const root = emptyNode();
  for (const method of methods) segmentsOf(method.path).reduce(descend, root).methods.set(method.verb, method);
  return (verb, rawPath) => {
    const found = find(root, segmentsOf(rawPath).map(decode));
    const method = found?.node.methods.get(verb) ?? found?.node.methods.get('ANY');
    return found && method && { method, pathParameters: found.pathParameters };
  };
};
