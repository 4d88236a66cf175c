import type { APIGatewayProxyEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import { refuse } from '../shared/errors';
import { MOST_BATCHED } from '../shared/graph/settings';
import { bodyText, header, parsePart, parseQuery } from '../shared/http/request';
import type { Schema } from '../shared/http/route';
import { fromJson } from '../shared/json';
import { once } from '../shared/once';
import { graphRoutes } from './contract';
import type { Json } from './execute/operation';
import { isObject } from './execute/run';

/** What a GraphQL request asks to run. Its document has not been looked at. */
export interface GraphRequest {
  /** Absent where the caller says by its hash which document it means. */
  readonly query: string | undefined;
  readonly variables: Json;
  readonly operationName: string | undefined;
  /** SHA-256 of the document, in hex: of an automatic persisted query, or of one that was published. */
  readonly hash: string | undefined;
  /** Of a document that was published, in place of its text. */
  readonly documentId: string | undefined;
  /** As it names itself, for the log. */
  readonly client: string | undefined;
  /** Whether the response shall say what the operation has cost. */
  readonly wantsCost: boolean;
  /** By GET, which may change nothing. */
  readonly isGet: boolean;
}

const MOST_NAME = 200;

/** Of what is no plain body. GraphQL over HTTP, section 4.1. */
const schemas = once(() => {
  const extensions = z.object({
    persistedQuery: z.optional(
      z.object({ version: z.literal(1), sha256Hash: z.string().check(z.regex(/^[0-9a-f]{64}$/)) }),
    ),
  });
  const variables = z.record(z.string(), z.unknown());
  const name = z.string().check(z.maxLength(MOST_NAME));
  // GraphQL over HTTP, persisted documents (draft): `sha256:` before the hash in hex, or what a client calls it.
  const documentId = z.string().check(z.regex(/^[\x21-\x7e]{1,200}$/));
  return {
    body: z.object({
      query: z.optional(z.string()),
      documentId: z.nullish(documentId),
      operationName: z.nullish(name),
      variables: z.nullish(variables),
      extensions: z.nullish(extensions),
    }),
    query: z.object({
      query: z.optional(z.string()),
      documentId: z.optional(documentId),
      operationName: z.optional(name),
      variables: z.optional(z.pipe(fromJson, z.nullable(variables))),
      extensions: z.optional(z.pipe(fromJson, z.nullable(extensions))),
    }),
    /** A parameter given twice is refused by its name. */
    parameters: z.record(z.string(), z.string()),
  };
});
type Parsed = z.output<ReturnType<typeof schemas>['body']>;

/** One operation, or a list of them: whether that may be is a matter of the graph's settings. */
export interface GraphRequests {
  readonly requests: readonly GraphRequest[];
  readonly isBatch: boolean;
}

/** Parses a request, or refuses it as any other route does: this is about HTTP and JSON alone. */
export function graphRequestsOf(event: APIGatewayProxyEvent): GraphRequests {
  const common = commonOf(event);
  if (common.isGet) return { requests: [requestOf(fromQuery(event), 'query', common)], isBatch: false };
  const json = jsonBody(event);
  const isBatch = Array.isArray(json);
  const bodies: readonly unknown[] = isBatch ? json : [json];
  if (bodies.length === 0 || bodies.length > MOST_BATCHED)
    refuse('bad_request', `body: a list holds 1 to ${MOST_BATCHED} operations`);
  const requests = bodies.map((body, index) => {
    const where = isBatch ? `body[${index}]` : 'body';
    return requestOf(isPlain(body) ? body : parsedBy(schemas().body, where, body), where, common);
  });
  return { requests, isBatch };
}

type Common = Pick<GraphRequest, 'client' | 'wantsCost' | 'isGet'>;

const commonOf = (event: APIGatewayProxyEvent): Common => ({
  client: clientOf(event)?.slice(0, LONGEST_CLIENT),
  wantsCost: header(event, COST_HEADER)?.toLowerCase() === 'include',
  isGet: event.httpMethod === 'GET',
});

function clientOf(event: APIGatewayProxyEvent): string | undefined {
  for (const name of CLIENT_NAMES) {
    const client = header(event, name);
    if (client) return client;
  }
  return undefined;
}

function requestOf(parsed: Parsed, where: string, common: Common): GraphRequest {
  const hash = parsed.extensions?.persistedQuery?.sha256Hash;
  const documentId = parsed.documentId?.replace(/^sha256:(?=[0-9a-f]{64}$)/, '');
  if (parsed.query === undefined && hash === undefined && documentId === undefined)
    refuse('bad_request', `${where}: query is missing`);
  if (parsed.query !== undefined && documentId !== undefined)
    refuse('bad_request', `${where}: send query or documentId, not both`);
  return {
    query: parsed.query,
    variables: parsed.variables ?? {},
    // The empty string is no name: what Apollo's clients send for none.
    operationName: parsed.operationName || undefined,
    hash,
    documentId,
    client: common.client,
    wantsCost: common.wantsCost,
    isGet: common.isGet,
  };
}

/** By `X-Cost: include` the estimate and the actual cost are in `extensions.cost`. */
export const COST_HEADER = 'x-cost';

/** What Apollo's clients and others call themselves by. */
export const CLIENT_NAMES = ['graphql-client-name', 'apollographql-client-name'];
const LONGEST_CLIENT = 100;

/**
 * What a page of another origin can make a browser send without asking first has none of these. Ours ask for credentials
 * in a header, so that it could not be sent either; this holds when that changes.
 */
export const NOT_SIMPLE = [
  'authorization',
  'x-api-key',
  'apollo-require-preflight',
  'graphql-require-preflight',
  'x-apollo-operation-name',
];

function fromQuery(event: APIGatewayProxyEvent): Parsed {
  if (NOT_SIMPLE.every((name) => !header(event, name)))
    refuse('bad_request', `CSRF: send one of the headers ${NOT_SIMPLE.join(', ')}`);
  parseQuery(schemas().parameters, event);
  return parsedBy(schemas().query, 'query', event.queryStringParameters ?? {});
}

function jsonBody(event: APIGatewayProxyEvent): unknown {
  const text = bodyText(graphRoutes.postGraph.body, event);
  try {
    return JSON.parse(text);
  } catch {
    return refuse('bad_request', 'body: is not JSON');
  }
}

/** What nearly all bodies are: the schema would give back the same, in ten times the time. */
interface PlainBody {
  readonly query: string;
  readonly variables?: Json | null;
  readonly operationName?: string | null;
  readonly documentId?: null;
  readonly extensions?: null;
}

const isPlain = (json: unknown): json is PlainBody =>
  isObject(json) &&
  typeof json.query === 'string' &&
  (json.variables === undefined || json.variables === null || isPlainObject(json.variables)) &&
  (json.operationName === undefined || json.operationName === null || isName(json.operationName)) &&
  (json.documentId === undefined || json.documentId === null) &&
  (json.extensions === undefined || json.extensions === null);

const isName = (value: unknown) => typeof value === 'string' && value.length <= MOST_NAME;
/** Zod leaves out a member of this name, which would be a prototype. */
const isPlainObject = (value: unknown) => isObject(value) && !Object.hasOwn(value, '__proto__');

/** Refused by the name of what is wrong. */
function parsedBy<S extends Schema>(schema: S, where: string, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  parsePart(where, schema, input);
  return refuse('bad_request', `${where}: is not valid`);
}
