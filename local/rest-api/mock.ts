import { isObject, type JsonObject, number, object, text, textMembers } from '../json';
import { GatewayError } from './gateway-response';
import { NotEmulated } from './not-emulated';
import { type Reply, singleValued } from './reply';
import { checkTemplate, render, type TemplateValues } from './template';
import { mediaTypeOf } from './validator';

interface MockResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly template: readonly [mediaType: string, template: string] | undefined;
}

/** API Gateway answers by itself. */
export interface MockIntegration {
  readonly kind: 'mock';
  readonly passthrough: 'when_no_match' | 'when_no_templates' | 'never';
  /** By the request's media type; what it renders to names the status: `{"statusCode": 200}`. */
  readonly requestTemplates: Readonly<Record<string, string>>;
  /** By a pattern for that status, or `default`. */
  readonly responses: ReadonlyMap<string, MockResponse>;
}

const constantHeaders = (parameters: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(textMembers(parameters)).map(([name, expression]) => {
      const constant = /^'(.*)'$/s.exec(expression)?.[1];
      if (constant === undefined) throw new NotEmulated(`a mock's header from ${expression}`);
      return [name.replace(/^method\.response\.header\./, ''), constant];
    }),
  );

const responseOf = (value: unknown): MockResponse => {
  const { statusCode, responseParameters, responseTemplates } = object(value);
  const templates = Object.entries(textMembers(responseTemplates));
  const [first] = templates;
  if (first !== undefined) checkTemplate(first[1]);
  return {
    statusCode: number(statusCode) ?? 200,
    headers: constantHeaders(responseParameters),
    template: templates.find(([mediaType]) => mediaType === 'application/json') ?? first,
  };
};

const passthroughOf = (value: unknown): MockIntegration['passthrough'] => {
  const behavior = text(value)?.toLowerCase() ?? 'when_no_match';
  if (behavior === 'when_no_match' || behavior === 'when_no_templates' || behavior === 'never') return behavior;
  throw new NotEmulated(`the passthroughBehavior ${behavior}`);
};

/** Reads an `x-amazon-apigateway-integration` of type `mock`. */
export const mockOf = (integration: JsonObject): MockIntegration => {
  const requestTemplates = textMembers(integration.requestTemplates);
  Object.values(requestTemplates).forEach(checkTemplate);
  return {
    kind: 'mock',
    passthrough: passthroughOf(integration.passthroughBehavior),
    requestTemplates,
    responses: new Map(
      Object.entries(object(integration.responses)).map(([pattern, response]) => [pattern, responseOf(response)]),
    ),
  };
};

/** What the integration gets: the template for the request's media type, else the body itself where that is allowed. */
const integrationRequest = (
  { requestTemplates, passthrough }: MockIntegration,
  contentType: string | undefined,
  body: string,
  values: TemplateValues,
): string => {
  const template = requestTemplates[mediaTypeOf(contentType)];
  if (template !== undefined) return render(template, values);
  const hasTemplates = Object.keys(requestTemplates).length > 0;
  if (passthrough === 'never' || (passthrough === 'when_no_templates' && hasTemplates)) {
    throw new GatewayError('UNSUPPORTED_MEDIA_TYPE');
  }
  return body;
};

/** API Gateway fails with a plain 500 when it can't read a status from what the integration gets. */
const statusIn = (integrationBody: string): number => {
  try {
    const parsed: unknown = JSON.parse(integrationBody);
    const status = isObject(parsed) ? parsed.statusCode : undefined;
    if (typeof status === 'number' && Number.isInteger(status)) return status;
  } catch {
    // Not JSON: no status either.
  }
  throw new GatewayError('DEFAULT_5XX');
};

/** The answer of a mock. Throws a {@link GatewayError} when it has none for this request. */
export const answerMock = (
  mock: MockIntegration,
  contentType: string | undefined,
  body: Buffer,
  values: TemplateValues,
): Reply => {
  const status = statusIn(integrationRequest(mock, contentType, body.toString(), values));
  const matching = [...mock.responses].find(
    ([pattern]) => pattern !== 'default' && new RegExp(`^(?:${pattern})$`).test(String(status)),
  );
  const response = matching?.[1] ?? mock.responses.get('default');
  if (response === undefined) throw new GatewayError('DEFAULT_5XX');
  const [mediaType, template] = response.template ?? ['application/json', ''];
  return {
    status: response.statusCode,
    headers: singleValued({ 'Content-Type': mediaType, ...response.headers }),
    body: Buffer.from(render(template, values)),
  };
};
