import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import * as z from 'zod/mini';
import type { Access, Admission } from '../access/access';
import { permits } from '../access/permissions';
import { type Identity, identityOf, type Principal } from '../access/principal';
import { text } from '../env';
import { Refusal, refuse } from '../errors';
import type { AddressGuard } from '../limits/addresses';
import { type LimitState, limitHeaders } from '../limits/standing';
import type { Origin } from '../stores/audit';
import { logger } from '../telemetry';
import { corsHeaders } from './cors';
import {
  bodyText,
  clientAuthOf,
  hasTwoCredentials,
  idempotencyKeyOf,
  ifMatchOf,
  parseBody,
  parsePart,
  parseQuery,
  publicUrlOf,
  requestIdOf,
} from './request';
import { type ErrorPage, rawAnswer, rawResult, refusal, reply } from './result';
import type { Contract, Operations, Route } from './route';

type Run = (call: unknown) => Promise<unknown>;
interface Entry {
  readonly name: string;
  readonly route: Route;
  readonly run: Run;
}
export type Handler = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;

/** The variable that `GatewayFunction` sets in lib/constructs/gateway-function.ts for functions that serve routes. */
export const serveEnv = { CORS_ORIGIN: text };

/** What a request spends of its caller's limits; `observed` is what it would cost, where it spends less on purpose. */
export interface RequestCost {
  readonly spent: number;
  readonly observed?: number;
}

export interface ServeOptions {
  /** The one origin whose pages may read the answers, or `*`. */
  readonly corsOrigin: string;
  /** Asked what a caller may do now, once for each request of a route that asks for credentials. */
  readonly access: Access;
  /** Asked for each request of a route that is open to all: how much may this address do? */
  readonly addresses: AddressGuard;
  /** What a request costs of its caller's limits, by operation, where only the request can say. Never rejects. */
  readonly costs?: Readonly<Record<string, (event: APIGatewayProxyEvent) => Promise<RequestCost>>>;
  readonly errorPage?: ErrorPage;
}

type Headers = Readonly<Record<string, string>>;

const NO_QUERY = z.strictObject({});

/** The one place where HTTP meets the domain: route, principal, permission, parse, operation, reply. */
export function serve<C extends Contract>(contract: C, operations: Operations<C>, options: ServeOptions): Handler {
  const table = routingTable(contract, operations);
  const cors = corsHeaders(options.corsOrigin);
  return async (event, context) => {
    const started = performance.now();
    const exchange = begun(event, context);
    const { requestId, origin } = exchange;
    let entry: Entry | undefined;
    let result: APIGatewayProxyResult;
    try {
      entry = find(table, event);
      result = await answer(entry, exchange, options);
    } catch (error) {
      result = refusal(error, requestId, entry?.route, options.errorPage);
      if (isWrongCredential(error) && entry?.route.auth === 'none') await options.addresses.wrong(origin.sourceIp);
    } finally {
      exchange.admission?.leave();
    }
    logger.info('request', {
      requestId,
      operation: entry?.name,
      status: result.statusCode,
      durationMs: Math.round(performance.now() - started),
      principal: event.requestContext.authorizer?.principalId as unknown,
    });
    result.headers = headersOf(result, exchange, cors);
    return result;
  };
}

/** One request, and what is found out about it on its way. */
interface Exchange {
  readonly event: APIGatewayProxyEvent;
  readonly context: Context;
  readonly requestId: string;
  readonly origin: Origin;
  /** Who calls, as soon as that is known: a refusal is noted by it. */
  caller?: Identity;
  admission?: Admission;
  /** What the request has been counted by, once it has been: it is told with every answer, a refusal included. */
  cost?: number;
  limits?: LimitState | undefined;
}

function begun(event: APIGatewayProxyEvent, context: Context): Exchange {
  const { sourceIp, userAgent } = event.requestContext.identity;
  const requestId = requestIdOf(event);
  return { event, context, requestId, origin: { requestId, sourceIp, userAgent: userAgent ?? '' } };
}

/** What the operation says of itself, over what its caller is told of its limits. */
function headersOf({ headers: own }: APIGatewayProxyResult, { cost, limits, requestId }: Exchange, cors: Headers) {
  const headers: Record<string, boolean | number | string> = limits ? limitHeaders(limits, Date.now()) : {};
  if (cost !== undefined) headers['x-ratelimit-cost'] = String(cost);
  // Many small objects spread into one take several microseconds of each request; this takes one.
  for (const name in own) headers[name] = own[name] ?? '';
  for (const name in cors) headers[name] = cors[name] ?? '';
  headers['x-request-id'] = requestId;
  return headers;
}

const isWrongCredential = (error: unknown) => error instanceof Refusal && error.isWrongCredential;

type Table = ReadonlyMap<string, ReadonlyMap<string, Entry>>;

/** Path, then method: what a path takes is what `Allow` says. */
function routingTable<C extends Contract>(contract: C, operations: Operations<C>): Table {
  const table = new Map<string, Map<string, Entry>>();
  for (const [name, route] of Object.entries(contract)) {
    const methods = table.get(route.path) ?? new Map<string, Entry>();
    // Operations<C> has checked this pair; the table holds many of them, so their types are forgotten here, once.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const run = operations[name] as unknown as Run;
    table.set(route.path, methods.set(route.method, { name, route, run }));
  }
  return table;
}

function find(table: Table, { resource, httpMethod }: APIGatewayProxyEvent): Entry {
  const methods = table.get(resource);
  if (!methods) return refuse('not_found');
  return methods.get(httpMethod) ?? refuse('method_not_allowed', undefined, { headers: { allow: allowed(methods) } });
}

const allowed = (methods: ReadonlyMap<string, Entry>) => [...methods.keys(), 'OPTIONS'].join(', ');

async function answer(entry: Entry, exchange: Exchange, options: ServeOptions): Promise<APIGatewayProxyResult> {
  const { name, route, run } = entry;
  const { origin } = exchange;
  try {
    const principal = await admit(entry, exchange, options);
    const value = await run(callOf(route, exchange, principal));
    if (!route.raw) return reply(route, value);
    const answered = rawAnswer(value);
    if (answered.isWrongCredential) await options.addresses.wrong(origin.sourceIp);
    return rawResult(answered);
  } catch (error) {
    // An operation refuses too: what asks for more than the caller holds.
    if (exchange.caller && error instanceof Refusal && error.code === 'forbidden')
      await options.access.noteRefusal(exchange.caller, origin, `operation:${name}`, error.message);
    throw error;
  }
}

/** All that an operation is given. One that speaks HTTP itself reads query and body from the event. */
function callOf(route: Route, { event, context, requestId, origin, limits }: Exchange, principal?: Principal) {
  if (route.raw && route.body) bodyText(route.body, event);
  return {
    requestId,
    arrivedAtMs: event.requestContext.requestTimeEpoch,
    publicUrl: publicUrlOf(event),
    origin,
    principal,
    limits: principal && limits,
    idempotencyKey: route.idempotent && idempotencyKeyOf(event),
    ifMatch: route.conditional && ifMatchOf(event),
    clientAuth: route.clientAuth && clientAuthOf(event),
    params: route.raw ? undefined : route.params && parsePart('path', route.params, event.pathParameters ?? {}),
    query: route.raw ? undefined : parseQuery(route.query ?? NO_QUERY, event),
    body: route.raw ? undefined : route.body && parseBody(route.body, event),
    event: route.raw && event,
    context: route.raw && context,
  };
}

/**
 * The gateway let the caller in by its authorizer, whose answer may be minutes old; this asks whether the caller may act
 * now, whether it is within its limits, and whether this is something it may do. A refusal goes to the audit. Where
 * nobody has signed in, the address is counted.
 */
async function admit(
  { name, route }: Entry,
  exchange: Exchange,
  { access, addresses, costs }: ServeOptions,
): Promise<Principal | undefined> {
  const { event, origin } = exchange;
  if (route.auth === 'none') {
    exchange.limits = await addresses.admit(route.addressLimit ?? 'pages', origin.sourceIp);
    return undefined;
  }
  // Which of the two is the caller would be a guess, and the gateway's answer was kept by one of them alone.
  if (hasTwoCredentials(event)) return refuse('unauthenticated', 'send one credential: Authorization or X-Api-Key');
  const identity = identityOf(event.requestContext) ?? refuse('unauthenticated');
  exchange.caller = identity;
  const { spent, observed } = (await costs?.[name]?.(event)) ?? { spent: route.cost ?? 1 };
  exchange.cost = spent;
  const admission = await access.admit(identity, origin, spent, observed);
  const { principal, limits } = admission;
  Object.assign(exchange, { admission, limits, caller: principal });
  if (route.caller !== undefined && route.caller !== identity.kind)
    return refuse('forbidden', 'this is for people: sign in as a user');
  if (!permits(principal, route.permission, resourceOf(route, event)))
    return refuse('forbidden', `needs the permission ${route.permission}`);
  return principal;
}

/** `key:4f2a…` where the route is about one thing. */
function resourceOf({ resource }: Route, { pathParameters }: APIGatewayProxyEvent): string | undefined {
  return resource && `${resource.type}:${pathParameters?.[resource.param] ?? ''}`;
}
