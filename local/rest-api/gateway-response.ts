import type { IncomingHttpHeaders } from 'node:http';
import { type JsonObject, number, object, textMembers } from '../json';
import { render, type TemplateValues, valueAt } from './template';

/** AWS's own status, message and `x-amzn-ErrorType` of each response type. */
const AWS_DEFAULTS = {
  ACCESS_DENIED: [403, 'User is not authorized to access this resource', 'AccessDeniedException'],
  API_CONFIGURATION_ERROR: [500, 'Internal server error', 'InternalServerErrorException'],
  AUTHORIZER_CONFIGURATION_ERROR: [500, null, 'AuthorizerConfigurationException'],
  AUTHORIZER_FAILURE: [500, null, 'AuthorizerFailureException'],
  BAD_REQUEST_BODY: [400, 'Invalid request body', 'BadRequestException'],
  BAD_REQUEST_PARAMETERS: [400, 'Missing required request parameters', 'BadRequestException'],
  DEFAULT_4XX: [400, 'Bad Request', 'BadRequestException'],
  DEFAULT_5XX: [500, 'Internal server error', 'InternalServerErrorException'],
  EXPIRED_TOKEN: [403, 'The security token included in the request is expired', 'ExpiredTokenException'],
  INTEGRATION_FAILURE: [504, 'Internal server error', 'InternalServerErrorException'],
  INTEGRATION_TIMEOUT: [504, 'Endpoint request timed out', 'InternalServerErrorException'],
  INVALID_API_KEY: [403, 'Forbidden', 'ForbiddenException'],
  INVALID_SIGNATURE: [403, 'The request signature does not match', 'InvalidSignatureException'],
  MISSING_AUTHENTICATION_TOKEN: [403, 'Missing Authentication Token', 'MissingAuthenticationTokenException'],
  QUOTA_EXCEEDED: [429, 'Limit Exceeded', 'LimitExceededException'],
  REQUEST_TOO_LARGE: [413, 'Request Too Long', 'RequestTooLongException'],
  RESOURCE_NOT_FOUND: [404, 'Not Found', 'NotFoundException'],
  THROTTLED: [429, 'Too Many Requests', 'TooManyRequestsException'],
  UNAUTHORIZED: [401, 'Unauthorized', 'UnauthorizedException'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'Unsupported Media Type', 'BadRequestException'],
  WAF_FILTERED: [403, 'Forbidden', 'ForbiddenException'],
} as const satisfies Record<string, readonly [number, string | null, string]>;

export type GatewayResponseType = keyof typeof AWS_DEFAULTS;

/** What differs from AWS's defaults for the type. */
export interface GatewayErrorDetails {
  readonly status?: number;
  readonly message?: string;
  /** What a validator found, for `$context.error.validationErrorString`. */
  readonly validation?: string;
  /** For the log only: what the client is not told. */
  readonly reason?: string;
}

/** The request ends at the gateway: API Gateway answers instead of an integration. */
export class GatewayError extends Error {
  override name = 'GatewayError';
  constructor(
    readonly type: GatewayResponseType,
    readonly details: GatewayErrorDetails = {},
  ) {
    super(details.reason ?? details.message ?? type);
  }
}

/** A gateway response as the document sets it; what it leaves out is AWS's. */
export interface GatewayResponse {
  readonly statusCode: number | undefined;
  readonly responseParameters: Readonly<Record<string, string>>;
  /** By media type. */
  readonly responseTemplates: Readonly<Record<string, string>>;
}

/** By response type. */
export type GatewayResponses = ReadonlyMap<string, GatewayResponse>;

/** Reads `x-amazon-apigateway-gateway-responses`. */
export const gatewayResponsesOf = (document: JsonObject): GatewayResponses =>
  new Map(
    Object.entries(object(document['x-amazon-apigateway-gateway-responses'])).map(([type, value]) => {
      const { statusCode, responseParameters, responseTemplates } = object(value);
      const response = {
        statusCode: number(statusCode),
        responseParameters: textMembers(responseParameters),
        responseTemplates: textMembers(responseTemplates),
      };
      return [type, response];
    }),
  );

/** What of the request a gateway response may repeat. */
export interface RefusedRequest extends TemplateValues {
  readonly headers: IncomingHttpHeaders;
}

export interface RenderedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `'constant'`, `context.x` or `method.request.header.X`. */
const mapped = (expression: string, request: RefusedRequest): string => {
  if (expression.startsWith("'")) return expression.slice(1, -1);
  if (expression.startsWith('context.')) return valueAt(request.context, expression.slice('context.'.length));
  const header = /^method\.request\.header\.(.+)$/.exec(expression)?.[1];
  return header === undefined ? '' : String(request.headers[header.toLowerCase()] ?? '');
};

const headersOf = (response: GatewayResponse | undefined, request: RefusedRequest): Record<string, string> =>
  Object.fromEntries(
    Object.entries(response?.responseParameters ?? {})
      .map(([name, expression]) => [name.replace(/^gatewayresponse\.header\./, ''), mapped(expression, request)])
      .filter(([, value]) => value !== ''),
  );

/** The template for what the client accepts, else JSON's, else the first. */
const templateOf = (
  response: GatewayResponse | undefined,
  request: RefusedRequest,
): readonly [string, string] | undefined => {
  const templates = Object.entries(response?.responseTemplates ?? {});
  const withType = (wanted: string | undefined) => templates.find(([mediaType]) => mediaType === wanted);
  return withType(request.headers.accept) ?? withType('application/json') ?? templates[0];
};

/** `$context.error.*`. The validation text is escaped, so that a template can put it between quotes. */
const errorContext = (error: GatewayError): JsonObject => {
  const message = error.details.message ?? AWS_DEFAULTS[error.type][1];
  return {
    message: message ?? 'null',
    messageString: JSON.stringify(message),
    responseType: error.type,
    validationErrorString: JSON.stringify(error.details.validation ?? '').slice(1, -1),
  };
};

/** AWS writes `Message` for a policy's refusal, `message` for everything else. */
const awsBody = (error: GatewayError, values: TemplateValues): string =>
  render(`{"${error.type === 'ACCESS_DENIED' ? 'Message' : 'message'}":$context.error.messageString}`, values);

/**
 * The answer for an error. The document's response for its type counts, else the document's DEFAULT_4XX or DEFAULT_5XX
 * (as a whole, its status included), else AWS's own.
 */
export const gatewayResponse = (
  error: GatewayError,
  responses: GatewayResponses,
  request: RefusedRequest,
): RenderedResponse => {
  const [defaultStatus, , errorType] = AWS_DEFAULTS[error.type];
  const status = error.details.status ?? defaultStatus;
  const response = responses.get(error.type) ?? responses.get(status < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX');
  const seen = { ...request, context: { ...request.context, error: errorContext(error) } };
  const [mediaType, template] = templateOf(response, seen) ?? ['application/json', undefined];
  return {
    status: response?.statusCode ?? status,
    headers: { 'Content-Type': mediaType, 'x-amzn-ErrorType': errorType, ...headersOf(response, seen) },
    body: template === undefined ? awsBody(error, seen) : render(template, seen),
  };
};
