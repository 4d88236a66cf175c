import type { APIGatewayProxyResult } from 'aws-lambda';
import { ERRORS, PROBLEM_JSON, problem, Refusal } from '../errors';
import { RedisAway } from '../stores/breaker';
import { isDatabaseAway } from '../stores/postgres';
import { countFault, logger } from '../telemetry';
import { Answer, type RawAnswer as RawPage, type Route } from './route';

/*
 * What an operation gave, or why it gave nothing, as API Gateway takes it.
 */

/** A refusal as a page, of routes whose errors are read by people. */
export type ErrorPage = (refused: Refusal) => RawPage;

/** That it is one was checked where the operation was written; the table has only forgotten its type (routingTable). */
export function rawAnswer(value: unknown): RawPage {
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

export const rawResult = ({ status, headers, body }: RawPage): APIGatewayProxyResult => ({
  statusCode: status,
  headers,
  body,
});

export function reply(
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
export function refusal(
  error: unknown,
  requestId: string,
  route: Route | undefined,
  errorPage: ErrorPage | undefined,
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
