import type * as z from 'zod/mini';
import type { Problem } from '../errors';
import type { Contract, RequestBody, Route, Schema } from './route';

type Input<R extends Route> = (R['params'] extends Schema ? { params: z.input<R['params']> } : unknown) &
  (R['query'] extends Schema ? { query?: z.input<R['query']> } : unknown) &
  (R['body'] extends RequestBody<infer S> ? { body: z.input<S> } : unknown);
type Output<R extends Route> = R['reply']['body'] extends Schema ? z.output<R['reply']['body']> : string;

/** One typed method per route, named as the operation. Rejects with a `ClientError` unless the answer is a success. */
export type Client<C extends Contract> = {
  readonly [K in keyof C]: (...input: Arguments<Input<C[K]>>) => Promise<Output<C[K]>>;
};
/** An input with nothing required may be left out. */
type Arguments<I> = Partial<I> extends I ? [input?: I] : [input: I];

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
  readonly query?: Readonly<Record<string, string | undefined>>;
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
  if (!response.ok) throw new ClientError(name, response.status, problemIn(text));
  return route.reply.body ? route.reply.body.parse(JSON.parse(text)) : text;
}

/** A proxy on the way may answer an error in a form of its own: then the status is all there is to tell. */
function problemIn(text: string): Partial<Problem> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function address({ path }: Route, { params = {}, query = {} }: LooseInput, baseUrl: string): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const search = new URLSearchParams(fields(query)).toString();
  return `${baseUrl}${filled}${search && `?${search}`}`;
}

function encode({ body }: Route, value: unknown): { body?: string; contentType?: string } {
  if (!body) return {};
  const { contentType } = body;
  if (contentType === 'application/json') return { contentType, body: JSON.stringify(value) };
  return { contentType, body: new URLSearchParams(fields(value)).toString() };
}

/** The fields that are set, as text. */
const fields = (value: unknown) =>
  Object.entries(value ?? {}).flatMap(([field, content]): [string, string][] =>
    content === undefined ? [] : [[field, String(content)]],
  );
