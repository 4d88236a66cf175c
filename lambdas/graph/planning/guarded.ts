import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getNamedType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { Condition, Operation, Rule, Withheld } from '../execute/operation';
import { textOfRule } from '../rights';
import { conditionsOf } from './conditions';
import { listDepth } from './list-sizes';
import type { Rules } from './rules';

/*
 * Fields that the schema does not show to everybody, in one operation. What a caller may not see is taken out of the
 * document before it is planned, so that no subgraph is asked for it; and it is marked in the shapes of the response, so
 * that it is not written where a subgraph tells it to another one (`@requires`).
 */

/** Of one operation and one set of rules that are not met. */
export interface Guarded {
  /** Those that are met, of all the operation's fields. */
  readonly rules: readonly Rule[];
  readonly withheld: ReadonlySet<FieldNode>;
  /** Lists around the value of each field that is left out or leads there. */
  readonly lists: ReadonlyMap<FieldNode, number>;
  /** Whether a field of a concrete type is left out, however it was asked for. */
  isWithheld(type: string, field: string, returned: string): boolean;
}

/** @param document one operation with its fragments */
export function guardedFields(
  schema: GraphQLSchema,
  rules: Rules,
  document: DocumentNode,
  unmet: readonly Rule[],
): Guarded {
  const unmetTexts = new Set(unmet.map(textOfRule));
  const isUnmet = (all: readonly Rule[]) => all.some((rule) => unmetTexts.has(textOfRule(rule)));
  const met = new Map<string, Rule>();
  const withheld = new Set<FieldNode>();
  const lists = new Map<FieldNode, number>();
  const types = new TypeInfo(schema);
  const note = (node: FieldNode): void => {
    const [parent, type] = [types.getParentType(), types.getType()];
    if (!parent || !type) throw new Error('a field of a valid document has no type');
    lists.set(node, listDepth(type));
    // They tell of the schema; of the data `__typename` tells no more than the object that it is asked of.
    if (node.name.value.startsWith('__')) return;
    const all = rules.of(parent.name, node.name.value, getNamedType(type).name);
    if (isUnmet(all)) withheld.add(node);
    for (const rule of all) if (!unmetTexts.has(textOfRule(rule))) met.set(textOfRule(rule), rule);
  };
  visit(document, visitWithTypeInfo(types, { Field: note }));
  const isWithheld: Guarded['isWithheld'] = (...field) => isUnmet(rules.of(...field));
  return { rules: [...met.values()], withheld, lists, isWithheld };
}

/** The document without these fields. Where nothing else was asked of an object, it is asked whether it is there. */
export function without(document: DocumentNode, fields: ReadonlySet<FieldNode>): DocumentNode {
  if (fields.size === 0) return document;
  return visit(document, {
    Field: { enter: (node) => (fields.has(node) ? null : undefined), leave: filled },
    InlineFragment: { leave: (node) => (isEmpty(node) ? null : undefined) },
    FragmentDefinition: { leave: filled },
    OperationDefinition: { leave: filled },
  });
}

interface Selecting {
  readonly selectionSet?: SelectionSetNode | undefined;
}
const isEmpty = ({ selectionSet }: Selecting) => selectionSet?.selections.length === 0;
const filled = <N extends Selecting>(node: N): N | undefined =>
  isEmpty(node) ? { ...node, selectionSet: TYPENAME } : undefined;
const TYPENAME: SelectionSetNode = {
  kind: Kind.SELECTION_SET,
  selections: [{ kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }],
};

/** What the operation says of it to who runs it. */
export function guardedPart(
  guarded: Guarded,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Pick<Operation, 'rules' | 'withheld'> {
  const { rules, withheld } = guarded;
  return {
    ...(rules.length > 0 && { rules }),
    ...(withheld.size > 0 && { withheld: new Paths(document, guarded).of(operation.selectionSet) }),
  };
}

/** Where the response would have what is left out. A fragment counts as often as it is spread: the document's limits bound it. */
class Paths {
  private readonly found = new Map<string, Withheld>();
  private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;

  constructor(
    { definitions }: DocumentNode,
    private readonly guarded: Guarded,
  ) {
    const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
    this.fragments = new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
  }

  of(root: SelectionSetNode): readonly Withheld[] {
    this.walk(root, { path: [], when: [] });
    return [...this.found.values()];
  }

  private walk({ selections }: SelectionSetNode, { path, when }: Withheld): void {
    for (const selection of selections) {
      const own: readonly Condition[] | undefined = conditionsOf(selection);
      if (own) this.step(selection, { path, when: [...when, ...own] });
    }
  }

  private step(selection: SelectionNode, at: Withheld): void {
    if (selection.kind === Kind.FIELD) return this.field(selection, at);
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? this.fragments.get(selection.name.value) : selection;
    if (fragment) this.walk(fragment.selectionSet, at);
  }

  private field(node: FieldNode, { path, when }: Withheld): void {
    const here = [...path, node.alias?.value ?? node.name.value];
    if (this.guarded.withheld.has(node)) {
      this.found.set(JSON.stringify([here, when]), { path: here, when });
      return;
    }
    const lists = Array.from({ length: this.guarded.lists.get(node) ?? 0 }, () => '@');
    if (node.selectionSet) this.walk(node.selectionSet, { path: [...here, ...lists], when });
  }
}
