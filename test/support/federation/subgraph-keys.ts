import { type DirectiveNode, type DocumentNode, Kind, parse, type SelectionSetNode } from 'graphql';

/** What federation's directives say in one subgraph. */
export interface SubgraphKeys {
  /** The keys of every type and interface that has some. */
  readonly keys: ReadonlyMap<string, readonly SelectionSetNode[]>;
  /** What `Type.field` requires of its representation. */
  readonly requires: ReadonlyMap<string, SelectionSetNode>;
  /** `Type.field` of every field. */
  readonly fields: ReadonlySet<string>;
}

export function readKeys(document: DocumentNode): SubgraphKeys {
  const keys = new Map<string, SelectionSetNode[]>();
  const requires = new Map<string, SelectionSetNode>();
  const fields = new Set<string>();
  for (const type of document.definitions) {
    if (!('fields' in type) || type.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) continue;
    const known = (type.directives ?? []).flatMap((directive) => fieldSet(directive, 'key'));
    if (known.length > 0) keys.set(type.name.value, known);
    for (const field of type.fields ?? []) {
      const name = `${type.name.value}.${field.name.value}`;
      fields.add(name);
      for (const set of (field.directives ?? []).flatMap((d) => fieldSet(d, 'requires'))) requires.set(name, set);
    }
  }
  return { keys, requires, fields };
}

function fieldSet({ name, arguments: given = [] }: DirectiveNode, wanted: string): SelectionSetNode[] {
  if (name.value !== wanted) return [];
  const fields = given.find((argument) => argument.name.value === 'fields')?.value;
  return fields?.kind === Kind.STRING ? [selectionOf(fields.value)] : [];
}

function selectionOf(fields: string): SelectionSetNode {
  const [operation] = parse(`{ ${fields} }`).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`${fields} is no selection`);
  return operation.selectionSet;
}

/** The fields of a key that are directly on the entity and have no fields of their own. */
export const directLeaves = (key: SelectionSetNode): string[] =>
  key.selections.flatMap((selection) =>
    selection.kind === Kind.FIELD && selection.selectionSet === undefined ? [selection.name.value] : [],
  );

/** What a representation says of a selection, in the selection's order. A value that is missing is told from null. */
export function project(value: unknown, selection: SelectionSetNode): unknown {
  if (Array.isArray(value)) return value.map((item) => project(item, selection));
  if (!isRecord(value)) return value ?? null;
  return selection.selections.map((part) => {
    if (part.kind === Kind.INLINE_FRAGMENT) return project(value, part.selectionSet);
    if (part.kind === Kind.FRAGMENT_SPREAD) return [];
    const inner = value[part.alias?.value ?? part.name.value];
    if (inner === undefined) return 'missing';
    return part.selectionSet === undefined ? inner : project(inner, part.selectionSet);
  });
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
