import { createHash } from 'node:crypto';
import { isObject, type JsonObject, list, number, object, text } from '../json';
import { type AuthorizerSettings, authorizersOf } from './authorizer-settings';
import { type GatewayResponses, gatewayResponsesOf } from './gateway-response';
import { functionArnOf } from './invocation-uri';
import { type MockIntegration, mockOf } from './mock';
import { NotEmulated } from './not-emulated';
import { type RequestCheck, requestCheckOf } from './validator';

/** A Lambda function that gets the whole request and gives the whole answer. */
export interface ProxyIntegration {
  readonly kind: 'proxy';
  readonly functionArn: string;
  readonly timeoutMs: number;
}

/** One method of the API. */
export interface Method {
  /** As in the document, e.g. `/v1/things/{id}`. */
  readonly path: string;
  readonly resourceId: string;
  /** `ANY` for `x-amazon-apigateway-any-method`. */
  readonly verb: string;
  readonly integration: ProxyIntegration | MockIntegration;
  /** One of the document's authorizers. */
  readonly authorizer: string | undefined;
  readonly check: RequestCheck;
}

/** What the API's one OpenAPI 3.0 document says to API Gateway. */
export interface ApiDocument {
  readonly methods: readonly Method[];
  readonly authorizers: ReadonlyMap<string, AuthorizerSettings>;
  /** By response type, e.g. `UNAUTHORIZED`. */
  readonly gatewayResponses: GatewayResponses;
  readonly binaryMediaTypes: readonly string[];
  /** Answers of at least this size are compressed for clients that accept it. */
  readonly minimumCompressionBytes: number | undefined;
}

const MAX_TIMEOUT_MS = 29_000;

const VERBS: Readonly<Record<string, string>> = {
  get: 'GET',
  put: 'PUT',
  post: 'POST',
  delete: 'DELETE',
  options: 'OPTIONS',
  head: 'HEAD',
  patch: 'PATCH',
  'x-amazon-apigateway-any-method': 'ANY',
};

const integrationOf = (value: unknown): ProxyIntegration | MockIntegration => {
  const integration = object(value);
  const type = text(integration.type)?.toLowerCase();
  if (type === 'mock') return mockOf(integration);
  if (type !== 'aws_proxy') throw new NotEmulated(`an integration of type ${type}`);
  // API Gateway imports other methods and then answers 500 to every call.
  if (integration.httpMethod !== 'POST') throw new NotEmulated('a function integration whose httpMethod is not POST');
  if (integration.credentials !== undefined) throw new NotEmulated('an integration with credentials');
  if (integration.responseTransferMode === 'STREAM') throw new NotEmulated('an integration that streams');
  return {
    kind: 'proxy',
    functionArn: functionArnOf(integration.uri),
    timeoutMs: number(integration.timeoutInMillis) ?? MAX_TIMEOUT_MS,
  };
};

const authorizerOf = (
  operation: JsonObject,
  authorizers: ReadonlyMap<string, AuthorizerSettings>,
): string | undefined => {
  const names = list(operation.security).flatMap((requirement) => Object.keys(object(requirement)));
  const unknown = names.find((name) => !authorizers.has(name));
  if (unknown !== undefined) {
    throw new NotEmulated(`the security scheme ${unknown} (no Lambda authorizer, so AWS_IAM or API keys)`);
  }
  if (names.length > 1) throw new NotEmulated(`more than one security scheme (${names.join(', ')})`);
  return names[0];
};

const methodOf = (document: JsonObject, authorizers: ApiDocument['authorizers'], path: string, key: string): Method => {
  const item = object(object(document.paths)[path]);
  const operation = object(item[key]);
  try {
    return {
      path,
      resourceId: createHash('sha256').update(path).digest('hex').slice(0, 6),
      verb: VERBS[key] ?? key,
      integration: integrationOf(operation['x-amazon-apigateway-integration']),
      authorizer: authorizerOf(operation, authorizers),
      check: requestCheckOf(document, item, operation),
    };
  } catch (error) {
    throw error instanceof NotEmulated ? new NotEmulated(`${key} ${path}: ${error.message} is not emulated`) : error;
  }
};

/** API Gateway answers these itself, for its health checks. */
export const RESERVED_PATHS: readonly string[] = ['/ping', '/sping'];

/** Reads the document of an `AWS::ApiGateway::RestApi`. Throws {@link NotEmulated}, naming method and path. */
export const readDocument = (body: unknown): ApiDocument => {
  const document = object(body);
  if (!isObject(document.paths)) throw new NotEmulated('a REST API that is not one OpenAPI document (Body)');
  // Not ignored: a caller who trusts in it would find every operation open.
  if (document.security !== undefined) throw new NotEmulated('security for all operations at once: name it on each');
  const authorizers = authorizersOf(document);
  const reserved = RESERVED_PATHS.find((path) => path in object(document.paths));
  if (reserved !== undefined) throw new NotEmulated(`${reserved} is API Gateway's own path: no method can stand there`);
  return {
    authorizers,
    methods: Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(object(item))
        .filter((key) => key in VERBS)
        .map((key) => methodOf(document, authorizers, path, key)),
    ),
    gatewayResponses: gatewayResponsesOf(document),
    binaryMediaTypes: list(document['x-amazon-apigateway-binary-media-types']).map(String),
    minimumCompressionBytes: number(document['x-amazon-apigateway-minimum-compression-size']),
  };
};
