import { isObject, list, object, texts } from '../json';
import type { Denial, Resource, Role, Statement } from '../types';
import { type Context, conditionsHold } from './conditions';
import { glob } from './glob';

export type Verdict = 'allowed' | 'denied explicitly' | 'denied implicitly';

/** One thing that a request needs to be allowed. */
export interface Need {
  readonly action: string;
  readonly resource: string;
  readonly context?: Context;
}

const matches = (patterns: unknown, value: string, ignoreCase: boolean) =>
  texts(patterns).some((pattern) => glob(pattern, value, ignoreCase));

function applies(statement: Statement, { action, resource }: Need): boolean {
  const byAction = statement.NotAction
    ? !matches(statement.NotAction, action, true)
    : matches(statement.Action, action, true);
  const byResource = statement.NotResource
    ? !matches(statement.NotResource, resource, false)
    : matches(statement.Resource, resource, false);
  return byAction && byResource;
}

/**
 * IAM's identity-based evaluation: an explicit deny wins, then an allow, and nothing said is a deny. A condition that
 * cannot be judged here neither allows nor lifts a deny.
 */
export function evaluate(statements: readonly Statement[], need: Need): Verdict {
  let verdict: Verdict = 'denied implicitly';
  for (const statement of statements) {
    if (!applies(statement, need)) continue;
    const held = conditionsHold(statement.Condition, need.context ?? {});
    if (statement.Effect === 'Deny' && held !== false) return 'denied explicitly';
    if (statement.Effect === 'Allow' && held === true) verdict = 'allowed';
  }
  return verdict;
}

/** The sentence in which AWS refuses, close enough to be searched for. */
export function accessDenied({ principal, action, resource }: Denial, verdict: Verdict): string {
  const because =
    verdict === 'denied explicitly'
      ? 'with an explicit deny in an identity-based policy'
      : `because no identity-based policy allows the ${action} action`;
  return `User: ${principal} is not authorized to perform: ${action} on resource: ${resource} ${because}`;
}

/** The ARN under which a role is seen at work: `session` is the function's name, as on Lambda. */
export const assumedRole = (roleArn: string, session: string): string =>
  `${roleArn.replace(':iam:', ':sts:').replace(/:role\/(?:.*\/)?/, ':assumed-role/')}/${session}`;

const isStatement = (value: unknown): value is Statement =>
  isObject(value) && (value.Effect === 'Allow' || value.Effect === 'Deny');

const statementsOf = (document: unknown): readonly Statement[] => list(object(document).Statement).filter(isStatement);

/** The statements a policy resource brings to each role, by the role's name. */
function attached(policies: readonly Resource[]): Map<string, Statement[]> {
  const byRole = new Map<string, Statement[]>();
  for (const { properties } of policies) {
    for (const role of texts(properties.Roles)) {
      byRole.set(role, [...(byRole.get(role) ?? []), ...statementsOf(properties.PolicyDocument)]);
    }
  }
  return byRole;
}

/**
 * The roles of all templates by ARN, each with its inline, attached and managed statements. Policies that AWS manages
 * count for nothing: their text is not in the template.
 */
export function rolesOf(resources: readonly Resource[]): Map<string, Role> {
  const of = (...types: string[]) => resources.filter(({ type }) => types.includes(type));
  const byRole = attached(of('AWS::IAM::Policy', 'AWS::IAM::RolePolicy', 'AWS::IAM::ManagedPolicy'));
  const managed = new Map(of('AWS::IAM::ManagedPolicy').map((policy) => [policy.ref, policy.properties]));
  const roleOf = (role: Resource): Role => ({
    arn: role.attribute('Arn'),
    statements: [
      ...list(role.properties.Policies).flatMap((policy) => statementsOf(object(policy).PolicyDocument)),
      ...(byRole.get(role.ref) ?? []),
      ...texts(role.properties.ManagedPolicyArns).flatMap((arn) => statementsOf(managed.get(arn)?.PolicyDocument)),
    ],
  });
  return new Map(
    of('AWS::IAM::Role')
      .map(roleOf)
      .map((role) => [role.arn, role]),
  );
}
