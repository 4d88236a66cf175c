import { glob } from '../aws/glob';
import { isObject, list, object, text } from '../json';

export type Decision = 'allow' | 'explicit deny' | 'implicit deny';

/** What an authorizer returned is no policy, or one that this host can't evaluate. */
export class MalformedPolicy extends Error {
  override name = 'MalformedPolicy';
}

const ACTION = 'execute-api:Invoke';

interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly applies: boolean;
}

const textsIn = (value: unknown, name: string): readonly string[] => {
  const values = list(value)
    .map(text)
    .filter((item) => item !== undefined);
  if (values.length === 0) throw new MalformedPolicy(`a statement without ${name}`);
  return values;
};

const read = (value: unknown, methodArn: string): Statement => {
  const { Effect: effect, Action: action, Resource: resource, Condition: condition } = object(value);
  if (effect !== 'Allow' && effect !== 'Deny') throw new MalformedPolicy(`the Effect ${JSON.stringify(effect)}`);
  if (condition !== undefined) throw new MalformedPolicy('a Condition, which is not evaluated here');
  // Actions are compared without regard to case, ARNs with it.
  const actions = textsIn(action, 'Action').some((name) => glob(name, ACTION, true));
  const resources = textsIn(resource, 'Resource').some((pattern) => glob(pattern, methodArn));
  return { effect, applies: actions && resources };
};

/** Evaluates an authorizer's policy for one method. Throws {@link MalformedPolicy}. */
export const decide = (policyDocument: unknown, methodArn: string): Decision => {
  if (!isObject(policyDocument)) throw new MalformedPolicy('no policyDocument');
  const statements = list(policyDocument.Statement).map((statement) => read(statement, methodArn));
  if (statements.length === 0) throw new MalformedPolicy('a policy without statements');
  const applying = statements.filter(({ applies }) => applies);
  if (applying.some(({ effect }) => effect === 'Deny')) return 'explicit deny';
  return applying.length > 0 ? 'allow' : 'implicit deny';
};
