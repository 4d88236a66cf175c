import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import type * as z from 'zod/mini';
import type { Permission } from '../access/permissions';
import type { Principal } from '../access/principal';
import type { ErrorCode } from '../errors';
import type { AddressClass } from '../limits/plans';
import type { LimitState } from '../limits/standing';
import type { Origin } from '../stores/audit';

/** A schema of `zod/mini`: 5 ms to load where the full zod takes 32. */
export type Schema = z.ZodMiniType;
export type ObjectSchema = z.ZodMiniObject;

/** What a request may carry. A body longer than `maxBytes` is refused with 413 before it is parsed. */
export interface RequestBody<S extends Schema = Schema> {
  readonly contentType: 'application/json' | 'application/x-www-form-urlencoded';
  readonly schema: S;
  /** @default 262144 */
  readonly maxBytes?: number;
}

/** What a successful call answers. `headers` are constant; an operation that must compute one returns an `Answer`. */
export interface Reply {
  readonly status: 200 | 201 | 202 | 204;
  /** @default 'application/json' */
  readonly contentType?: string;
  /** Only what this names leaves the house; absent when the reply is not JSON. */
  readonly body?: Schema;
  readonly headers?: Readonly<Record<string, string>>;
}

interface RouteBase {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: `/${string}`;
  readonly summary: string;
  readonly params?: ObjectSchema;
  readonly query?: ObjectSchema;
  readonly body?: RequestBody;
  readonly reply: Reply;
  /** Refusals this route adds to those that every route can give. */
  readonly errors?: readonly ErrorCode[];
  /** The form of an error answer: RFC 9457 problems, RFC 6749 section 5.2 at the OAuth endpoints, or a page for people. */
  readonly errorFormat?: 'problem' | 'oauth' | 'page';
  readonly example?: { readonly body?: unknown; readonly reply?: unknown };
  /** The release that brought the route; the date from which it counts as deprecated. */
  readonly since?: string;
  readonly deprecated?: string;
  /** The operation speaks HTTP itself, as GraphQL over HTTP must: it gets the event, and its answer leaves unchanged. */
  readonly raw?: true;
  /** Takes an `Idempotency-Key`: the same creation sent again is answered as the first time. */
  readonly idempotent?: true;
  /** Takes an `If-Match` with the `ETag` of the version that is to be changed. */
  readonly conditional?: true;
  /** Takes the credentials of an OAuth client in `Authorization: Basic` (RFC 6749 section 2.3.1). */
  readonly clientAuth?: true;
  /**
   * What it costs of its caller's limits, where that is not 1; 0 spends nothing. A route that can only know from the
   * request is given a `cost` by its operations (serve.ts).
   */
  readonly cost?: number;
}

interface OpenRoute {
  readonly auth: 'none';
  /** The stated reason why the route asks for no credentials. */
  readonly public: string;
  /** By which limits of the caller's address it is counted. @default 'pages' */
  readonly addressLimit?: AddressClass;
  readonly permission?: never;
  readonly caller?: never;
  readonly resource?: never;
}

interface GuardedRoute {
  /**
   * `bearer`: an access token or an API key in `Authorization`; API Gateway keeps the authorizer's answer. `any`: the
   * same, or an API key in `X-Api-Key`; the authorizer is asked for each request (docs/adr/0004).
   */
  readonly auth: 'bearer' | 'any';
  readonly permission: Permission;
  /** Only people may call it: sessions and passwords are nothing that a key or a client has. */
  readonly caller?: 'user';
  /** The one thing it is about, so that grants on it count: `{ type: 'key', param: 'id' }`. */
  readonly resource?: { readonly type: string; readonly param: string };
  readonly public?: never;
  readonly addressLimit?: never;
}

export type Route = RouteBase & (OpenRoute | GuardedRoute);

/** Routes by operation name: the name is the handler's method, the client's method and the OpenAPI operationId. */
export type Contract = Readonly<Record<string, Route>>;

/** An answer that carries more than a body: computed headers, or bytes. */
export class Answer<B = unknown> {
  constructor(
    readonly body: B,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}

type Output<S> = S extends Schema ? z.output<S> : undefined;
type Sent<R extends Route> = R['reply']['body'] extends Schema
  ? z.input<R['reply']['body']>
  : R['reply']['status'] extends 204
    ? undefined
    : string | Uint8Array;

/** The credentials of an OAuth client. */
export interface ClientAuth {
  readonly id: string;
  readonly secret: string;
}

/** What an operation is given: everything parsed, nothing of HTTP. */
export interface Call<R extends Route> {
  readonly requestId: string;
  /** When API Gateway had the request, in milliseconds since 1970: it may have waited since. */
  readonly arrivedAtMs: number;
  /** Where the gateway is reached, without a trailing slash; the issuer of our tokens. */
  readonly publicUrl: string;
  /** The client's address as API Gateway saw it, never a header's word. */
  readonly origin: Origin;
  /** Of a route that is `idempotent`. */
  readonly idempotencyKey: string | undefined;
  /** The version named by `If-Match`, of a route that is `conditional`. */
  readonly ifMatch: number | undefined;
  /** Of a route that takes `clientAuth`. */
  readonly clientAuth: ClientAuth | undefined;
  readonly principal: R['auth'] extends 'none' ? undefined : Principal;
  /** Where the caller stands with its limits, this request included. */
  readonly limits: R['auth'] extends 'none' ? undefined : LimitState;
  readonly params: Output<R['params']>;
  readonly query: Output<R['query']>;
  readonly body: R['body'] extends RequestBody<infer S> ? z.output<S> : undefined;
}

export interface RawCall<R extends Route> extends Call<R> {
  readonly event: APIGatewayProxyEvent;
  readonly context: Context;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What was shown to prove who calls was wrong, though the answer is a page. */
  readonly isWrongCredential?: boolean;
}

/** One method per route; leaving one out does not compile. */
export type Operations<C extends Contract> = {
  readonly [K in keyof C]: C[K]['raw'] extends true
    ? (call: RawCall<C[K]>) => Promise<RawAnswer>
    : (call: Call<C[K]>) => Promise<Sent<C[K]> | Answer<Sent<C[K]>>>;
};

/** A JSON body of this shape. Use `z.strictObject`: an unknown property is refused, not dropped. */
export const json = <S extends Schema>(schema: S, maxBytes?: number): RequestBody<S> => ({
  contentType: 'application/json',
  schema,
  ...(maxBytes !== undefined && { maxBytes }),
});

/** A form body, as the OAuth endpoints take it. */
export const form = <S extends Schema>(schema: S): RequestBody<S> => ({
  contentType: 'application/x-www-form-urlencoded',
  schema,
});
