import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import * as z from 'zod/mini';
import type { Access, Admission } from '../access/access';
import { permits } from '../access/permissions';
import { type Identity, identityOf } from '../access/principal';
import { text } from '../env';
import { ERRORS, PROBLEM_JSON, problem, Refusal, refuse } from '../errors';
import type { AddressGuard } from '../limits/addresses';
import { type LimitState, limitHeaders } from '../limits/standing';
import type { Origin } from '../stores/audit';
import { RedisAway } from '../stores/breaker';
import { isDatabaseAway } from '../stores/postgres';
import { countFault, logger } from '../telemetry';
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
import { Answer, type Contract, type Operations, type RawAnswer as RawPage, type Route } from './route';

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
  /** A refusal as a page, of routes whose errors are read by people. */
  readonly errorPage?: (refused: Refusal) => RawPage;
}

const NO_QUERY = z.strictObject({});

/** The one place where HTTP meets the domain: route, principal, permission, parse, operation, reply. */
export function serve<C extends Contract>(contract: C, operations: Operations<C>, options: ServeOptions): Handler {
  const table = routingTable(contract, operations);
  const cors = corsHeaders(options.corsOrigin);
  return async (event, context) => {
    const started = performance.now();
    const requestId = requestIdOf(event);
    const counted: Counted = {};
    let entry: Entry | undefined;
    let result: APIGatewayProxyResult;
    try {
      entry = find(table, event);
      result = await answer(entry, event, context, { ...options, requestId, counted });
    } catch (error) {
      result = refusal(error, requestId, entry?.route, options.errorPage);
      if (isWrongCredential(error) && entry?.route.auth === 'none')
        await options.addresses.wrong(event.requestContext.identity.sourceIp);
    } finally {
      counted.leave?.();
    }
    logger.info('request', {
      requestId,
      operation: entry?.name,
      status: result.statusCode,
      durationMs: Math.round(performance.now() - started),
      principal: event.requestContext.authorizer?.principalId as unknown,
    });
    const limits = counted.limits && limitHeaders(counted.limits, Date.now());
    const cost = counted.cost !== undefined && { 'x-ratelimit-cost': String(counted.cost) };
    return { ...result, headers: { ...limits, ...cost, ...result.headers, ...cors, 'x-request-id': requestId } };
  };
}

/** What the request has been counted by, once it has been: it is told with every answer, a refusal included. */
interface Counted {
  cost?: number;
  limits?: LimitState | undefined;
  leave?: () => void;
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
  const allowed = [...methods.keys(), 'OPTIONS'].join(', ');
  return methods.get(httpMethod) ?? refuse('method_not_allowed', undefined, { headers: { allow: allowed } });
}

interface Served extends ServeOptions {
  readonly requestId: string;
  readonly counted: Counted;
}

async function answer(entry: Entry, event: APIGatewayProxyEvent, context: Context, served: Served) {
  const { name, route } = entry;
  const { requestId, access } = served;
  const { identity, requestTimeEpoch: arrivedAtMs } = event.requestContext;
  const { sourceIp, userAgent } = identity;
  const origin: Origin = { requestId, sourceIp, userAgent: userAgent ?? '' };
  const admission = await admit(entry, event, { ...served, origin });
  const principal = admission?.principal;
  // An operation refuses too: what asks for more than the caller holds.
  const run: Run = async (all) => entry.run(all).catch(noting(principal, name, { access, origin }));
  const call = {
    requestId,
    arrivedAtMs,
    publicUrl: publicUrlOf(event),
    origin,
    principal,
    limits: admission?.limits,
    idempotencyKey: route.idempotent && idempotencyKeyOf(event),
    ifMatch: route.conditional && ifMatchOf(event),
    clientAuth: route.clientAuth && clientAuthOf(event),
  };
  if (route.raw) {
    if (route.body) bodyText(route.body, event);
    const answered = rawAnswer(await run({ ...call, event, context }));
    if (answered.isWrongCredential) await served.addresses.wrong(sourceIp);
    return rawResult(answered);
  }
  const params = route.params && parsePart('path', route.params, event.pathParameters ?? {});
  const query = parseQuery(route.query ?? NO_QUERY, event);
  const body = route.body && parseBody(route.body, event);
  return reply(route, await run({ ...call, params, query, body }));
}

/**
 * The gateway let the caller in by its authorizer, whose answer may be minutes old; this asks whether the caller may act
 * now, whether it is within its limits, and whether this is something it may do. A refusal goes to the audit. Where
 * nobody has signed in, the address is counted.
 */
async function admit(
  { name, route }: Entry,
  event: APIGatewayProxyEvent,
  { access, addresses, costs, counted, origin }: Served & Noting,
): Promise<Admission | undefined> {
  if (route.auth === 'none') {
    counted.limits = await addresses.admit(route.addressLimit ?? 'pages', origin.sourceIp);
    return undefined;
  }
  // Which of the two is the caller would be a guess, and the gateway's answer was kept by one of them alone.
  if (hasTwoCredentials(event)) return refuse('unauthenticated', 'send one credential: Authorization or X-Api-Key');
  const identity = identityOf(event.requestContext) ?? refuse('unauthenticated');
  const allowed = async () => {
    const { spent, observed } = (await costs?.[name]?.(event)) ?? { spent: route.cost ?? 1 };
    counted.cost = spent;
    const admission = await access.admit(identity, origin, spent, observed);
    Object.assign(counted, { limits: admission.limits, leave: () => admission.leave() });
    if (route.caller !== undefined && route.caller !== identity.kind)
      return refuse('forbidden', 'this is for people: sign in as a user');
    if (!permits(admission.principal, route.permission, resourceOf(route, event)))
      return refuse('forbidden', `needs the permission ${route.permission}`);
    return admission;
  };
  return allowed().catch(noting(identity, name, { access, origin }));
}

interface Noting {
  readonly access: Access;
  readonly origin: Origin;
}

/** Leaves a refusal for want of rights in the audit, and goes on refusing. */
const noting =
  (identity: Identity | undefined, operation: string, { access, origin }: Noting) =>
  async (error: unknown): Promise<never> => {
    if (identity && error instanceof Refusal && error.code === 'forbidden')
      await access.noteRefusal(identity, origin, `operation:${operation}`, error.message);
    throw error;
  };

/** `key:4f2a…` where the route is about one thing. */
function resourceOf({ resource }: Route, { pathParameters }: APIGatewayProxyEvent): string | undefined {
  return resource && `${resource.type}:${pathParameters?.[resource.param] ?? ''}`;
}

/** That it is one was checked where the operation was written; the table has only forgotten its type (routingTable). */
function rawAnswer(value: unknown): RawPage {
  if (isRawAnswer(value)) return value;
  throw new Error('an operation that speaks HTTP itself gave no answer');
}

const isRawAnswer = (value: unknown): value is RawPage =>
  typeof value === 'object' &&
  value !== null &&
  'status' in value &&
  typeof value.status === 'number' &&
  'body' in value &&
  typeof value.body === 'string' &&
  'headers' in value &&
  typeof value.headers === 'object';

const rawResult = ({ status, headers, body }: RawPage): APIGatewayProxyResult => ({
  statusCode: status,
  headers: { ...headers },
  body,
});

function reply(
  { reply: { status, contentType, headers, body: schema } }: Route,
  value: unknown,
): APIGatewayProxyResult {
  const sent = value instanceof Answer ? value : new Answer(value);
  const type = status === 204 ? {} : { 'content-type': contentType ?? 'application/json' };
  const common = { statusCode: status, headers: { ...type, ...headers, ...sent.headers } };
  if (schema) return { ...common, body: JSON.stringify(schema.parse(sent.body)) };
  if (sent.body instanceof Uint8Array)
    return { ...common, body: Buffer.from(sent.body).toString('base64'), isBase64Encoded: true };
  return { ...common, body: typeof sent.body === 'string' ? sent.body : '' };
}

/**
 * An expected refusal goes out as it is: one that waits for a part of the platform says so in our log. Anything else is
 * our fault: counted, logged whole, told as `internal`.
 */
function refusal(
  error: unknown,
  requestId: string,
  route: Route | undefined,
  errorPage: ServeOptions['errorPage'],
): APIGatewayProxyResult {
  const refused = error instanceof Refusal ? error : unexpected(error);
  const { status } = ERRORS[refused.code];
  const reason = { requestId, error: refused.cause instanceof Error ? refused.cause : refused };
  if (refused.code === 'internal') {
    countFault();
    logger.error('fault', reason);
  } else if (status >= 500) {
    logger.warn('not ready', reason);
  }
  if (route?.errorFormat === 'page' && errorPage) return rawResult(errorPage(refused));
  const oauth = route?.errorFormat === 'oauth';
  return {
    statusCode: status,
    headers: {
      'content-type': oauth ? 'application/json' : PROBLEM_JSON,
      'cache-control': 'no-store',
      // RFC 9110 section 15.5.2: a 401 says how to come in; the gateway's own say the same.
      ...(status === 401 && !oauth && { 'www-authenticate': 'Bearer' }),
      ...refused.headers,
    },
    body: JSON.stringify(oauth ? oauthError(refused) : problem(refused, requestId)),
  };
}

const RETRY_AFTER = { 'retry-after': '2' };

/** A store that wakes, fails over or is gone is nobody's fault: the caller is told to come again. */
function unexpected(cause: unknown): Refusal {
  if (cause instanceof RedisAway)
    return new Refusal('not_ready', 'the cache does not answer', { headers: RETRY_AFTER, cause });
  return isDatabaseAway(cause)
    ? new Refusal('not_ready', 'the database does not answer', { headers: RETRY_AFTER, cause })
    : new Refusal('internal', undefined, { cause });
}

/** RFC 6749 section 5.2. An operation names its own code; what serve() refuses is a malformed request. */
function oauthError({ code, detail, extensions }: Refusal) {
  const isTooMuch = code === 'rate_limited';
  // RFC 8628 section 3.5 has the one code for it that OAuth knows.
  const fallback = isTooMuch ? 'slow_down' : ERRORS[code].status >= 500 ? 'server_error' : 'invalid_request';
  return { error: extensions.error ?? fallback, ...(detail !== undefined && { error_description: detail }) };
}
