import { ERRORS, type ErrorCode, PROBLEM_JSON } from '../../lambdas/shared/errors';
import { corsHeaders } from '../../lambdas/shared/http/cors';

/** Which of our errors each of API Gateway's own answers is. A type that is not named here is one of the two defaults. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  DEFAULT_4XX: 'bad_request',
  DEFAULT_5XX: 'internal',
  ACCESS_DENIED: 'forbidden',
  API_CONFIGURATION_ERROR: 'internal',
  AUTHORIZER_CONFIGURATION_ERROR: 'internal',
  AUTHORIZER_FAILURE: 'internal',
  BAD_REQUEST_BODY: 'bad_request',
  BAD_REQUEST_PARAMETERS: 'bad_request',
  EXPIRED_TOKEN: 'unauthenticated',
  INTEGRATION_FAILURE: 'timed_out',
  INTEGRATION_TIMEOUT: 'timed_out',
  INVALID_API_KEY: 'unauthenticated',
  INVALID_SIGNATURE: 'unauthenticated',
  MISSING_AUTHENTICATION_TOKEN: 'not_found',
  QUOTA_EXCEEDED: 'rate_limited',
  REQUEST_TOO_LARGE: 'too_large',
  RESOURCE_NOT_FOUND: 'not_found',
  THROTTLED: 'rate_limited',
  UNAUTHORIZED: 'unauthenticated',
  UNSUPPORTED_MEDIA_TYPE: 'unsupported_media_type',
  WAF_FILTERED: 'blocked',
};

/**
 * What the caller may be told beyond the title, as JSON. `validationErrorString` is no JSON string (its own quotes are
 * not escaped), so the gateway's body filter checks only what one constant sentence can say (document.ts).
 */
const DETAILS: Readonly<Record<string, string>> = {
  BAD_REQUEST_BODY: '"body: must be a JSON object"',
  BAD_REQUEST_PARAMETERS: '$context.error.messageString',
};

/** The same problem as serve() makes (lambdas/shared/errors.ts), as a template that API Gateway fills. */
function template(type: string, code: ErrorCode): string {
  const { status, title } = ERRORS[code];
  const detail = DETAILS[type];
  const members = [
    `"type":"/problems/${code}"`,
    `"title":${JSON.stringify(title)}`,
    `"status":${status}`,
    `"code":"${code}"`,
    ...(detail ? [`"detail":${detail}`] : []),
    '"requestId":"$context.requestId"',
    // It knows no caller: what a second lets through is for all.
    ...(code === 'rate_limited' ? ['"limit":{"name":"throttle","scope":"gateway","retryAfterSeconds":1}'] : []),
  ];
  return `{${members.join(',')}}`;
}

/** `x-amazon-apigateway-gateway-responses`: every answer that the gateway gives itself, in our problem format. */
export function gatewayResponses(corsOrigin: string): Record<string, unknown> {
  const cors = Object.fromEntries(
    Object.entries(corsHeaders(corsOrigin)).map(([name, value]) => [`gatewayresponse.header.${name}`, `'${value}'`]),
  );
  return Object.fromEntries(
    Object.entries(CODES).map(([type, code]) => {
      const { status } = ERRORS[code];
      const response = {
        statusCode: status,
        responseParameters: {
          'gatewayresponse.header.content-type': `'${PROBLEM_JSON}'`,
          'gatewayresponse.header.cache-control': "'no-store'",
          'gatewayresponse.header.x-request-id': 'context.requestId',
          ...cors,
          ...(status === 401 && { 'gatewayresponse.header.www-authenticate': "'Bearer'" }),
          ...(status === 429 && { 'gatewayresponse.header.retry-after': "'1'" }),
        },
        responseTemplates: { 'application/json': template(type, code) },
      };
      return [type, response];
    }),
  );
}
