import type { IncomingHttpHeaders } from 'node:http';
import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv-draft-04';
import { type JsonObject, list, object, text } from '../json';
import { GatewayError } from './gateway-response';
import { NotEmulated } from './not-emulated';

interface Parameter {
  readonly in: 'header' | 'query';
  readonly name: string;
}

/** What is checked of a request before anything is invoked. */
export interface RequestCheck {
  readonly requiredParameters: readonly Parameter[];
  /** By media type: a body of another type is not looked at. */
  readonly models: ReadonlyMap<string, ValidateFunction>;
}

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, logger: false });
// API Gateway imports these two and does not enforce them.
ajv.removeKeyword('minItems').removeKeyword('maxItems');

const COMPONENT = /^#\/components\/(\w+)\/(.+)$/;

/** Follows `$ref` into the document's components. */
const follow = (document: JsonObject, value: unknown): JsonObject => {
  const [, kind = '', name = ''] = COMPONENT.exec(text(object(value).$ref) ?? '') ?? [];
  return kind === '' ? object(value) : object(object(object(document.components)[kind])[name]);
};

const validatorOf = (document: JsonObject, operation: JsonObject): JsonObject => {
  const key = 'x-amazon-apigateway-request-validator';
  const name = text(operation[key] ?? document[key]);
  if (name === undefined) return {};
  const validator = object(document[`${key}s`])[name];
  if (validator === undefined)
    throw new NotEmulated(`the request validator ${name}, which the document does not have,`);
  return object(validator);
};

const requiredParameters = (document: JsonObject, item: JsonObject, operation: JsonObject): readonly Parameter[] =>
  [...list(item.parameters), ...list(operation.parameters)]
    .map((parameter) => follow(document, parameter))
    .filter(({ required }) => required === true)
    .flatMap(({ in: place, name }) =>
      (place === 'header' || place === 'query') && typeof name === 'string' ? [{ in: place, name }] : [],
    );

const modelsOf = (document: JsonObject, operation: JsonObject): ReadonlyMap<string, ValidateFunction> =>
  new Map(
    Object.entries(object(follow(document, operation.requestBody).content)).flatMap(([mediaType, content]) => {
      const { schema } = object(content);
      // The components ride along so that `$ref`s into them find their targets.
      return schema === undefined
        ? []
        : [[mediaType, ajv.compile({ ...object(schema), components: document.components })] as const];
    }),
  );

/** Reads what an operation's request validator checks; nothing when it names none. */
export const requestCheckOf = (document: JsonObject, item: JsonObject, operation: JsonObject): RequestCheck => {
  const { validateRequestParameters, validateRequestBody } = validatorOf(document, operation);
  return {
    requiredParameters: validateRequestParameters === true ? requiredParameters(document, item, operation) : [],
    models: validateRequestBody === true ? modelsOf(document, operation) : new Map(),
  };
};

/** In the words of API Gateway's own validator, as far as they are known; else in ajv's. */
const describe = ({ keyword, params, message, instancePath }: ErrorObject): string => {
  if (keyword === 'required') return `object has missing required properties (["${params.missingProperty}"])`;
  if (keyword === 'additionalProperties') {
    return `object instance has properties which are not allowed by the schema: ["${params.additionalProperty}"]`;
  }
  return `${instancePath} ${message ?? keyword}`.trim();
};

const parse = (body: string): unknown => {
  try {
    // No body counts as an empty object.
    return JSON.parse(body === '' ? '{}' : body);
  } catch {
    throw new GatewayError('BAD_REQUEST_BODY', { validation: '[Invalid JSON]' });
  }
};

/** `application/json; charset=utf-8` -> `application/json`; JSON when the client names none. */
export const mediaTypeOf = (contentType: string | undefined): string =>
  contentType === undefined ? 'application/json' : (contentType.split(';')[0] ?? '').trim().toLowerCase();

/** Throws a {@link GatewayError} that names the required parameters which are missing or empty. */
export const checkParameters = (check: RequestCheck, headers: IncomingHttpHeaders, query: URLSearchParams): void => {
  const missing = check.requiredParameters
    .filter(({ in: place, name }) => !(place === 'header' ? headers[name.toLowerCase()] : query.get(name)))
    .map(({ name }) => name);
  if (missing.length === 0) return;
  const message = `Missing required request parameters: [${missing.join(', ')}]`;
  throw new GatewayError('BAD_REQUEST_PARAMETERS', { message });
};

/** Throws a {@link GatewayError} when the body has a model and does not fit it. */
export const checkBody = (check: RequestCheck, contentType: string | undefined, body: Buffer): void => {
  const model = check.models.get(mediaTypeOf(contentType));
  if (model === undefined || model(parse(body.toString()))) return;
  const found = (model.errors ?? []).map(describe).join(', ');
  throw new GatewayError('BAD_REQUEST_BODY', { validation: `[${found}]` });
};
