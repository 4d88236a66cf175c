import { covers } from './arn';
import { list, text } from './json';
import { Unresolved } from './resolve';
import type { Resource } from './types';

/** Who asks to invoke a function, and for what. */
export interface InvokeRequest {
  readonly functionArn: string;
  readonly action: 'lambda:InvokeFunction' | 'lambda:InvokeFunctionUrl';
  /** A service, e.g. `apigateway.amazonaws.com`, or `*` for anybody. */
  readonly principal: string;
  /** The ARN of what the service calls for. */
  readonly sourceArn?: string;
}

interface Permission {
  readonly target: string;
  readonly actions: readonly unknown[];
  readonly principal: string;
  readonly source: string | undefined;
}

/** One that refers to something that has no value here permits nothing here. */
const permissionOf = ({ properties }: Resource): Permission | undefined => {
  try {
    const { Action, FunctionName, Principal, SourceArn } = properties;
    const target = text(FunctionName) ?? '';
    return { target, actions: list(Action), principal: text(Principal) ?? '', source: text(SourceArn) };
  } catch (error) {
    if (error instanceof Unresolved) return undefined;
    throw error;
  }
};

const allows = ({ target, actions, principal, source }: Permission, request: InvokeRequest): boolean =>
  (request.functionArn === target || request.functionArn.endsWith(`:function:${target}`)) &&
  (actions.includes(request.action) || actions.includes('lambda:*')) &&
  (principal === request.principal || principal === '*') &&
  (source === undefined || covers(source, request.sourceArn ?? ''));

/** Decides from the template's `AWS::Lambda::Permission` resources, i.e. the functions' resource policies. */
export const invokePermissions = (resources: readonly Resource[]): ((request: InvokeRequest) => boolean) => {
  const permissions = resources
    .filter(({ type }) => type === 'AWS::Lambda::Permission')
    .map(permissionOf)
    .filter((permission) => permission !== undefined);
  return (request) => permissions.some((permission) => allows(permission, request));
};
