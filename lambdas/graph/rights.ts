import { holds, isPermission } from '../shared/access/permissions';
import type { Principal } from '../shared/access/principal';
import type { Operation, Rule } from './execute/operation';

/** Who asks, as far as the schema's rules are about it; nobody where no one has signed in. */
export type Caller = Pick<Principal, 'permissions' | 'roles'> | undefined;

const NONE: readonly Rule[] = [];

/** The rules of an operation that its caller does not meet. */
export const unmetRules = ({ rules }: Pick<Operation, 'rules'>, caller: Caller): readonly Rule[] =>
  rules ? rules.filter((rule) => !isMet(rule, caller)) : NONE;

/** Scopes are permissions, policies are roles. A name that nobody can hold is one that nobody meets. */
function isMet(rule: Rule, caller: Caller): boolean {
  if (!caller) return false;
  if (rule.kind === 'authenticated') return true;
  const has = (name: string) =>
    rule.kind === 'scopes' ? isPermission(name) && holds(caller.permissions, name) : caller.roles.includes(name);
  return rule.anyOf.some((all) => all.every(has));
}

/** The same text for the same rules, in whatever order they stand. */
export const textOfRules = (rules: readonly Rule[]): string => rules.map(textOfRule).toSorted().join(' ');
export const textOfRule = (rule: Rule): string =>
  rule.kind === 'authenticated' ? rule.kind : `${rule.kind}${JSON.stringify(rule.anyOf)}`;
