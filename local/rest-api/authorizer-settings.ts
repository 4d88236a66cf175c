import { type JsonObject, number, object, text } from '../json';
import { functionArnOf } from './invocation-uri';
import { NotEmulated } from './not-emulated';

/** Where a part of the caller's identity stands in a request. */
export interface IdentitySource {
  readonly place: 'header' | 'querystring' | 'context' | 'stageVariables';
  readonly name: string;
}

/** A Lambda authorizer of the document. */
export interface AuthorizerSettings {
  readonly name: string;
  /** A token authorizer gets one header only, a request authorizer the whole request but its body. */
  readonly type: 'token' | 'request';
  readonly functionArn: string;
  readonly identitySources: readonly IdentitySource[];
  /** A token that does not match is refused without asking the function. */
  readonly validation: RegExp | undefined;
  /** How long an answer holds for the same identity; 0: never. */
  readonly ttlSeconds: number;
}

const SOURCE = /^(?:method\.request\.(header|querystring)|(context|stageVariables))\.(.+)$/;

const sourceOf = (expression: string): IdentitySource => {
  const [, part, other, name = ''] = SOURCE.exec(expression) ?? [];
  const place = part ?? other;
  if (place === 'header' || place === 'querystring' || place === 'context' || place === 'stageVariables') {
    return { place, name };
  }
  throw new NotEmulated(`the identity source ${expression}`);
};

const settingsOf = (name: string, scheme: JsonObject): AuthorizerSettings => {
  const authorizer = object(scheme['x-amazon-apigateway-authorizer']);
  const { type, identitySource, identityValidationExpression, authorizerResultTtlInSeconds } = authorizer;
  if (type !== 'token' && type !== 'request') throw new NotEmulated(`an authorizer of type ${JSON.stringify(type)}`);
  if (authorizer.authorizerCredentials !== undefined) throw new NotEmulated('an authorizer with credentials');
  // The header of a token authorizer may also be named by the scheme alone.
  const sources = text(identitySource) ?? (type === 'token' ? `method.request.header.${text(scheme.name)}` : '');
  const validation = text(identityValidationExpression);
  const settings = {
    name,
    type,
    functionArn: functionArnOf(authorizer.authorizerUri),
    identitySources: sources
      .split(',')
      .map((source) => source.trim())
      .filter(Boolean)
      .map(sourceOf),
    validation: validation === undefined ? undefined : new RegExp(`^(?:${validation})$`),
    ttlSeconds: number(authorizerResultTtlInSeconds) ?? 300,
  } as const;
  if (settings.identitySources.length === 0 && settings.ttlSeconds > 0) {
    throw new NotEmulated('an authorizer that keeps answers but has no identitySource to keep them by');
  }
  return settings;
};

/** The Lambda authorizers among the document's security schemes, by name. */
export const authorizersOf = (document: JsonObject): ReadonlyMap<string, AuthorizerSettings> =>
  new Map(
    Object.entries(object(object(document.components).securitySchemes))
      .filter(([, scheme]) => object(scheme)['x-amazon-apigateway-authtype'] === 'custom')
      .map(([name, scheme]) => [name, settingsOf(name, object(scheme))]),
  );
