import type * as z from 'zod/mini';
import type { Problem } from './errors';
import type { Contract, RequestBody, Route, Schema } from './route';

type Input<R extends Route> = (R['params'] extends Schema ? { params: z.input<R['params']> } : unknown) &
  (R['query'] extends Schema ? { query?: z.input<R['query']> } : unknown) &
  (R['body'] extends RequestBody<infer S> ? { body: z.input<S> } : unknown);
type Output<R extends Route> = R['reply']['body'] extends Schema ? z.output<R['reply']['body']> : string;

/** One typed method per route, named as the operation. Rejects with a `ClientError` unless the answer is a success. */
export type Client<C extends Contract> = {
  readonly [K in keyof C]: (input?: Input<C[K]>) => Promise<Output<C[K]>>;
};

export class ClientError extends Error {
  override name = 'ClientError';
  constructor(
    readonly operation: string,
    readonly status: number,
    readonly problem: Partial<Problem> & { readonly error?: string },
  ) {
    super(`${operation} answered ${status} ${problem.code ?? problem.error ?? ''}`);
  }
}

export interface ClientOptions {
  readonly baseUrl: string;
  readonly token?: string;
  readonly apiKey?: string;
  readonly fetch?: typeof fetch;
}

interface LooseInput {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A client of these routes. */
export function client<C extends Contract>(contract: C, options: ClientOptions): Client<C> {
  const methods = Object.entries(contract).map(([name, route]) => [
    name,
    (input: LooseInput = {}) => call(name, route, input, options),
  ]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- built key by key from the contract that types it
  return Object.fromEntries(methods) as Client<C>;
}

async function call(name: string, route: Route, input: LooseInput, options: ClientOptions): Promise<unknown> {
  const { body, contentType } = encode(route, input.body);
  const response = await (options.fetch ?? fetch)(address(route, input, options.baseUrl), {
    method: route.method,
    headers: {
      ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
      ...(options.apiKey !== undefined && { 'x-api-key': options.apiKey }),
      ...(contentType !== undefined && { 'content-type': contentType }),
    },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  if (!response.ok) throw new ClientError(name, response.status, JSON.parse(text));
  return route.reply.body ? route.reply.body.parse(JSON.parse(text)) : text;
}

function address({ path }: Route, { params = {}, query = {} }: LooseInput, baseUrl: string): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const search = new URLSearchParams(query).toString();
  return `${baseUrl}${filled}${search && `?${search}`}`;
}

function encode({ body }: Route, value: unknown): { body?: string; contentType?: string } {
  if (!body) return {};
  const { contentType } = body;
  if (contentType === 'application/json') return { contentType, body: JSON.stringify(value) };
  const fields = Object.entries(value ?? {}).flatMap(([field, content]): [string, string][] =>
    content === undefined ? [] : [[field, String(content)]],
  );
  return { contentType, body: new URLSearchParams(fields).toString() };
}
