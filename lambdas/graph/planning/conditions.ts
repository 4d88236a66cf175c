import { Kind, type SelectionNode } from 'graphql';
import type { Condition } from '../execute/operation';

/** Nothing where a literal leaves the selection out. */
export function conditionsOf({ directives = [] }: SelectionNode): readonly Condition[] | undefined {
  const found: Condition[] = [];
  for (const { name, arguments: given = [] } of directives) {
    if (name.value !== 'skip' && name.value !== 'include') continue;
    const wanted = name.value === 'include';
    const value = given[0]?.value;
    if (value?.kind === Kind.VARIABLE) found.push([value.name.value, wanted]);
    else if (value?.kind === Kind.BOOLEAN && value.value !== wanted) return undefined;
  }
  return found;
}
