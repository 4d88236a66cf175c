import * as z from 'zod/mini';
import { LIMIT_HEADER_REFS, RETRY_AFTER, ReachedLimit } from './openapi-limits';
import { CompositionError } from './registry/contract';
import { ERROR_CODES, ERRORS, type ErrorCode, PROBLEM_JSON, problem, Refusal } from './shared/errors';
import type { Route } from './shared/http/route';

export type Json = Readonly<Record<string, unknown>>;

/** The two forms of an error: RFC 9457, and RFC 6749 section 5.2 at the OAuth endpoints. */
export const errorSchemas = {
  Problem: z.looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(ERROR_CODES),
    detail: z.optional(z.string()),
    requestId: z.string(),
    errors: z.optional(z.array(z.object({ in: z.string(), name: z.string(), detail: z.string() }))),
    limit: z.optional(ReachedLimit),
    compositionErrors: z.optional(z.array(CompositionError)),
  }),
  OAuthError: z.object({ error: z.string(), error_description: z.optional(z.string()) }),
};

/** Refusals that the gateway can give in front of every route, whatever form the route's own errors have. */
const GATEWAY_CODES: readonly ErrorCode[] = ['rate_limited', 'blocked', 'internal', 'timed_out'];

interface Failure {
  readonly status: number;
  /** The name of `response` among the document's components: routes that refuse alike share one. */
  readonly ref: string;
  readonly response: Json;
}

/** A route's error answers, one per status: OpenAPI has no room for two, so codes of one status share theirs. */
export function failuresOf(route: Route): Failure[] {
  const codes = codesOf(route);
  const statuses = [...new Set(codes.map((code) => ERRORS[code].status))];
  return statuses.map((status) => {
    const shared = codes.filter((code) => ERRORS[code].status === status);
    const oauth = route.errorFormat === 'oauth';
    if (route.errorFormat === 'page') return { status, ref: ['page', ...shared].join('.'), response: pageOf(shared) };
    return { status, ref: [...(oauth ? ['oauth'] : []), ...shared].join('.'), response: response(shared, oauth) };
  });
}

/** What the route names, what follows from what it asks for, and what can happen to any. */
function codesOf({ auth, body, conditional, idempotent, errors = [] }: Route): ErrorCode[] {
  const possible = new Set<ErrorCode>([
    'bad_request',
    ...GATEWAY_CODES,
    ...errors,
    ...(auth === 'none' ? [] : (['unauthenticated', 'forbidden', 'not_ready', 'too_costly'] as const)),
    ...(conditional ? (['precondition_failed'] as const) : []),
    ...(idempotent ? (['conflict'] as const) : []),
    ...(body ? (['too_large', 'unsupported_media_type'] as const) : []),
  ]);
  return ERROR_CODES.filter((code) => possible.has(code));
}

function response(shared: readonly ErrorCode[], oauth: boolean): Json {
  const problems = oauth ? shared.filter((code) => GATEWAY_CODES.includes(code)) : shared;
  // These come from the gateway and from the function.
  const ours =
    oauth && shared.some((code) => ['internal', 'rate_limited'].includes(code) || !GATEWAY_CODES.includes(code));
  return {
    description: shared.map((code) => `${ERRORS[code].title}. ${ERRORS[code].help}`).join('\n\n'),
    headers: {
      'x-request-id': { $ref: '#/components/headers/RequestId' },
      ...(shared.includes('rate_limited') && { ...LIMIT_HEADER_REFS, ...RETRY_AFTER }),
      ...(shared.includes('not_ready') && RETRY_AFTER),
    },
    content: {
      ...(ours && { 'application/json': { schema: { $ref: '#/components/schemas/OAuthError' } } }),
      ...(problems.length > 0 && { [PROBLEM_JSON]: problemContent(problems) }),
    },
  };
}

/** A page for people; what the gateway answers itself is a problem there too. */
const pageOf = (shared: readonly ErrorCode[]): Json => {
  const { content, ...rest } = response(shared, false);
  return { ...rest, content: { 'text/html; charset=utf-8': { schema: { type: 'string' } }, ...Object(content) } };
};

function problemContent(codes: readonly ErrorCode[]): Json {
  const examples = codes.map((code) => [code, { value: problem(new Refusal(code), EXAMPLE_REQUEST_ID) }]);
  return { schema: { $ref: '#/components/schemas/Problem' }, examples: Object.fromEntries(examples) };
}

const EXAMPLE_REQUEST_ID = '7f3b6f0e-3c1d-4a83-9c2f-0d9b1f3f6a52';
