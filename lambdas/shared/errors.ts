/** Every refusal this product knows. `code` is stable and public: each has a page at `/problems/{code}`. */
export const ERRORS = {
  bad_request: { status: 400, title: 'The request is not valid', help: 'Mend what `errors` names and send it again.' },
  unauthenticated: {
    status: 401,
    title: 'Credentials are missing or not valid',
    help: 'Send `Authorization: Bearer <access token>` (or `X-Api-Key`, where the route takes a key). Get a new token when this one has expired.',
  },
  forbidden: {
    status: 403,
    title: 'The caller may not do this',
    help: 'Ask an administrator of your organisation for a role that holds the permission named in `detail`.',
  },
  not_found: {
    status: 404,
    title: 'No such resource',
    help: 'Check the address. What you may not know of answers the same.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This address does not take this method',
    help: 'The `Allow` header lists the methods it takes.',
  },
  not_acceptable: {
    status: 406,
    title: 'No answer of the kinds that the request accepts',
    help: 'Accept one of the media types that `detail` names.',
  },
  conflict: {
    status: 409,
    title: 'The resource has changed or exists already',
    help: 'Read it again, then repeat the change.',
  },
  precondition_failed: {
    status: 412,
    title: 'The resource is at another version',
    help: 'Read it again: its `ETag` is what `If-Match` must name.',
  },
  too_large: {
    status: 413,
    title: 'The request is too large',
    help: 'Send less in one request; `detail` says how much.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'This content type is not taken here',
    help: 'Send the content type that `detail` names.',
  },
  composition_failed: {
    status: 422,
    title: 'The subgraphs do not compose',
    help: 'Mend what `compositionErrors` names, each with its code and where it stands, and publish again: nothing was changed.',
  },
  documents_invalid: {
    status: 422,
    title: 'Documents of the manifest are not valid',
    help: 'Mend what `documentErrors` names, each by its id and where it stands, and publish the manifest again: nothing was changed.',
  },
  incompatible: {
    status: 422,
    title: 'The version breaks with the one that it would replace',
    help: 'Mend what `incompatibilities` names, or publish it under the next number: nothing was changed.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    help: 'Wait for `Retry-After`, then go on. `limit` names the limit that was reached.',
  },
  too_costly: {
    status: 400,
    title: 'The request costs more than the plan allows at once',
    help: 'Ask for less in one request: fewer fields, smaller pages. Waiting does not help.',
  },
  blocked: {
    status: 403,
    title: 'The request was stopped by the firewall',
    help: 'Send less often, or ask the operator which rule matched, giving the request id.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong on our side',
    help: 'Try again; if it stays, give the operator the request id.',
  },
  not_ready: {
    status: 503,
    title: 'A part this needs is not available',
    help: 'Try again after `Retry-After`; `/ready` says which part it is.',
  },
  timed_out: { status: 504, title: 'The answer took too long', help: 'Try again, or ask for less in one request.' },
} as const satisfies Record<string, { status: number; title: string; help: string }>;

export type ErrorCode = keyof typeof ERRORS;

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);
export const ERROR_CODES: readonly ErrorCode[] = Object.keys(ERRORS).filter(isErrorCode);

interface RefusalOptions {
  /** Public members beside the standard ones (RFC 9457 section 3.2). */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ours alone: logged, never sent. */
  readonly cause?: unknown;
  /** What was shown to prove who calls was wrong: it counts as an attempt (shared/limits/addresses.ts). */
  readonly isWrongCredential?: boolean;
}

/** An expected failure. `detail` and `extensions` are public; `cause` is ours. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly isWrongCredential: boolean;
  constructor(
    readonly code: ErrorCode,
    readonly detail?: string,
    { extensions = {}, headers = {}, cause, isWrongCredential = code === 'unauthenticated' }: RefusalOptions = {},
  ) {
    super(detail ?? ERRORS[code].title, { cause });
    this.extensions = extensions;
    this.headers = headers;
    this.isWrongCredential = isWrongCredential;
  }
}

export function refuse(code: ErrorCode, detail?: string, options?: RefusalOptions): never {
  throw new Refusal(code, detail, options);
}

/** An RFC 9457 problem. The gateway's own answers have the same members (lib/gateway/responses.ts). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  readonly requestId: string;
}

export const PROBLEM_JSON = 'application/problem+json';

export function problem({ code, detail, extensions }: Refusal, requestId: string): Problem {
  const { status, title } = ERRORS[code];
  return {
    type: `/problems/${code}`,
    title,
    status,
    code,
    ...(detail !== undefined && { detail }),
    requestId,
    ...extensions,
  };
}
