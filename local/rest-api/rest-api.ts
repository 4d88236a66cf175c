import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BodyMalformed, BodyTooLarge, decodeBody, readBody } from '../http/body';
import { textMembers } from '../json';
import type { Resource } from '../types';
import { Authorizer } from './authorizer';
import type { AuthorizerSettings } from './authorizer-settings';
import { type ApiDocument, readDocument } from './document';
import type { ApiIdentity, GatewayRequest } from './event';
import { GatewayError } from './gateway-response';
import { authorizerArn, executeArn, type Functions, invokeFor } from './invoke';
import { answerMock } from './mock';
import { proxy } from './proxy';
import type { Reply } from './reply';
import { type Match, type Router, routerOf } from './router';
import { checkBody, checkParameters } from './validator';

const MAX_BODY_BYTES = 10 * 1024 * 1024;

export interface RestApiOptions {
  /** The `AWS::ApiGateway::RestApi`. */
  readonly api: Resource;
  /** All resources, the API's stage among them. */
  readonly resources: readonly Resource[];
  readonly functions: Functions;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

const sha256 = (value: string): string => createHash('sha256').update(value).digest('base64');

/**
 * What API Gateway says of an unknown path or method. With an `Authorization` header that is no AWS signature it
 * complains about that instead, and such an answer can be shaped by DEFAULT_4XX only: an API that wants to answer 404
 * to authenticated callers needs a catch-all method.
 */
const unknownRoute = ({ headers: { authorization } }: IncomingMessage): GatewayError => {
  if (authorization === undefined) return new GatewayError('MISSING_AUTHENTICATION_TOKEN');
  const hash = `(hashed with SHA-256 and encoded with Base64): '${sha256(authorization)}'`;
  const message = `Invalid key=value pair (missing equal-sign) in Authorization header ${hash}.`;
  return new GatewayError('DEFAULT_4XX', { status: 403, message });
};

const readRequestBody = async (message: IncomingMessage): Promise<Buffer> => {
  try {
    const raw = await readBody(message, MAX_BODY_BYTES);
    return await decodeBody(raw, message.headers['content-encoding'], MAX_BODY_BYTES);
  } catch (error) {
    if (error instanceof BodyTooLarge) throw new GatewayError('REQUEST_TOO_LARGE');
    if (error instanceof BodyMalformed) throw new GatewayError('DEFAULT_4XX', { status: 400 });
    throw error;
  }
};

/** One REST API: a request's way from its route to its answer. */
export class RestApi {
  readonly document: ApiDocument;
  readonly identity: ApiIdentity;
  readonly #stageVariables: Readonly<Record<string, string>>;
  readonly #functions: Functions;
  readonly #route: Router;
  readonly #authorizers: ReadonlyMap<string, Authorizer>;

  /** Throws when the API has no stage, or its document asks for something that is not emulated. */
  constructor({ api, resources, functions, now = Date.now }: RestApiOptions) {
    const stage = resources.find(
      ({ type, properties }) => type === 'AWS::ApiGateway::Stage' && properties.RestApiId === api.ref,
    );
    if (stage === undefined) throw new Error(`the REST API ${api.stack}/${api.id} has no stage`);
    this.document = readDocument(api.properties.Body);
    this.identity = { apiId: api.ref, stage: stage.ref };
    this.#stageVariables = textMembers(stage.properties.Variables);
    this.#functions = functions;
    this.#route = routerOf(this.document.methods);
    this.#authorizers = new Map(
      [...this.document.authorizers].map(([name, settings]) => [name, this.#authorizer(settings, now)]),
    );
  }

  /** Rejects with a {@link GatewayError} when the gateway itself has to answer. */
  async answer(request: GatewayRequest): Promise<Reply> {
    const match = this.#route(request.verb, request.path);
    if (match === undefined) throw unknownRoute(request.message);
    await this.#authorize(request, match);
    const { check, integration } = match.method;
    checkParameters(check, request.message.headers, request.query);
    const body = await readRequestBody(request.message);
    const contentType = request.message.headers['content-type'];
    checkBody(check, contentType, body);
    return integration.kind === 'mock'
      ? answerMock(integration, contentType, body, this.templateValues(request))
      : proxy(integration, request, match, body, {
          identity: this.identity,
          stageVariables: this.#stageVariables,
          binaryMediaTypes: this.document.binaryMediaTypes,
          functions: this.#functions,
        });
  }

  /** What templates can name of a request. */
  templateValues({ context }: GatewayRequest) {
    return { context, stageVariables: this.#stageVariables };
  }

  #authorizer(settings: AuthorizerSettings, now: () => number): Authorizer {
    const { functionArn, name } = settings;
    const address = { functionArn, sourceArn: authorizerArn(this.identity, name) };
    const invoke = (event: unknown) => invokeFor(this.#functions, address, 'AUTHORIZER_CONFIGURATION_ERROR', event);
    return new Authorizer(settings, invoke, this.#stageVariables, now);
  }

  /** Adds to the request's context what it goes to, and what the authorizer says of the caller. */
  async #authorize(request: GatewayRequest, match: Match): Promise<void> {
    const { path, resourceId, authorizer: name } = match.method;
    Object.assign(request.context, { resourceId, resourcePath: path });
    const authorizer = name === undefined ? undefined : this.#authorizers.get(name);
    if (authorizer === undefined) return;
    const methodArn = executeArn(this.identity, request.verb, request.path);
    request.context.authorizer = await authorizer.authorize(request, match, methodArn);
  }
}
