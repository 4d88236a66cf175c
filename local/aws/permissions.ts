import { list, text } from '../json';
import { Unresolved } from '../template/resolve';
import type { Resource } from '../types';
import { glob } from './glob';

/** Who asks to invoke a function, and for what. */
export interface InvokeRequest {
  /** A service, e.g. `apigateway.amazonaws.com`, or `*` for anybody. */
  readonly principal: string;
  /** `lambda:InvokeFunction` or `lambda:InvokeFunctionUrl`. */
  readonly action: string;
  /** The function's ARN. */
  readonly resource: string;
  /** The ARN of what the service calls for. */
  readonly sourceArn?: string;
  readonly viaFunctionUrl?: boolean;
}

interface Permission {
  readonly target: string;
  readonly actions: readonly unknown[];
  readonly principal: string;
  readonly source: string | undefined;
  /** Opens the function to callers of its URL only. */
  readonly urlOnly: boolean;
}

/** One that refers to something that has no value here permits nothing here. */
const permissionOf = ({ properties }: Resource): Permission | undefined => {
  try {
    const { Action, FunctionName, Principal, SourceArn, InvokedViaFunctionUrl } = properties;
    return {
      target: text(FunctionName) ?? '',
      actions: list(Action),
      principal: text(Principal) ?? '',
      source: text(SourceArn),
      urlOnly: InvokedViaFunctionUrl === true,
    };
  } catch (error) {
    if (error instanceof Unresolved) return undefined;
    throw error;
  }
};

const allows = ({ target, actions, principal, source, urlOnly }: Permission, request: InvokeRequest): boolean =>
  (request.resource === target || request.resource.endsWith(`:function:${target}`)) &&
  (actions.includes(request.action) || actions.includes('lambda:*')) &&
  (principal === request.principal || principal === '*') &&
  (source === undefined || glob(source, request.sourceArn ?? '')) &&
  (!urlOnly || request.viaFunctionUrl === true);

/** Decides from the template's `AWS::Lambda::Permission` resources, i.e. the functions' resource policies. */
export const invokePermissions = (resources: readonly Resource[]): ((request: InvokeRequest) => boolean) => {
  const permissions = resources
    .filter(({ type }) => type === 'AWS::Lambda::Permission')
    .map(permissionOf)
    .filter((permission) => permission !== undefined);
  return (request) => permissions.some((permission) => allows(permission, request));
};
