import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLNamedType,
  type GraphQLSchema,
  type GraphQLType,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Condition, Field, Operation, Shape } from '../execute/operation';
import { conditionsOf } from './conditions';
import type { FieldCosts } from './field-costs';
import type { Guarded } from './guarded';
import { TooLarge } from './too-large';

/** Fields that are collected, each for each type it may meet: far more than people write, and it takes some milliseconds. */
const MOST_FIELDS = 20_000;

/** What is known before anything is fetched: the JSON text of an introspection field. */
export type Introspect = (field: SelectionNode) => string;

type Compiled = Pick<Operation, 'shapes'> & { readonly enums: Map<string, readonly string[]> };

/** The response of an operation, as shapes: by concrete type, fragments dissolved, what is asked for twice merged. */
export function shapesOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  introspect: Introspect,
  guarded?: Pick<Guarded, 'withheld' | 'isWithheld'>,
  costs?: FieldCosts,
): Compiled {
  const root = schema.getRootType(operation.operation);
  if (!root) throw new Error(`the schema has no ${operation.operation}`);
  const shapes = new Shapes(schema, document, introspect, guarded, costs);
  shapes.indexOf(root, [{ selections: operation.selectionSet, when: [] }]);
  return { shapes: shapes.all, enums: shapes.enums };
}

/** Selections that count where all the conditions hold. */
interface Part {
  readonly selections: SelectionSetNode;
  readonly when: readonly Condition[];
}

/** What is known of one response key while it is collected. */
interface Collected {
  readonly node: SelectionNode & { readonly kind: Kind.FIELD };
  readonly below: Part[];
  /** Undefined as soon as it is there without conditions. */
  when: (readonly Condition[])[] | undefined;
  /** As long as each selection of it is one that the caller may not see. */
  isWithheld: boolean;
}

class Shapes {
  readonly all: Shape[] = [];
  readonly enums = new Map<string, readonly string[]>();
  private readonly indices = new Map<string, number>();
  private readonly ids = new Map<SelectionSetNode, number>();
  private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  private fields = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
    private readonly introspect: Introspect,
    private readonly guarded: Pick<Guarded, 'withheld' | 'isWithheld'> | undefined,
    private readonly costs: FieldCosts | undefined,
  ) {
    const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
    this.fragments = new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
  }

  /** The shape of these selections on this type, made once however often it is met. */
  indexOf(type: GraphQLNamedType, parts: readonly Part[]): number {
    const key = `${type.name} ${parts.map((part) => `${this.idOf(part.selections)}${part.when.join()}`).join(' ')}`;
    const known = this.indices.get(key);
    if (known !== undefined) return known;
    const index = this.all.length;
    this.indices.set(key, index);
    // Its place is taken before what is in it takes the next ones.
    this.all.push({ types: {}, untyped: [] });
    const entries = this.typesOf(type).map((met) => [met.name, this.collect(met, parts)] as const);
    const types = Object.fromEntries(entries);
    const untyped = types[type.name] ?? [];
    // A subgraph with an interface object knows no name but the interface's, whatever type the schema says it is.
    if (isObjectType(type)) for (const { name } of type.getInterfaces()) types[name] = untyped;
    this.all[index] = { types, untyped, ...this.costs?.ofTypes(type, Object.keys(types)) };
    return index;
  }

  private idOf(selection: SelectionSetNode): number {
    const id = this.ids.get(selection) ?? this.ids.size;
    this.ids.set(selection, id);
    return id;
  }

  /** All types that an object may say it is of, interfaces among them. */
  private typesOf(type: GraphQLNamedType): readonly GraphQLNamedType[] {
    if (!isAbstractType(type)) return [type];
    const interfaces = isInterfaceType(type) ? this.schema.getImplementations(type).interfaces : [];
    return [type, ...interfaces, ...this.schema.getPossibleTypes(type)];
  }

  private collect(type: GraphQLNamedType, parts: readonly Part[]): readonly Field[] {
    const collected = new Map<string, Collected>();
    for (const { selections, when } of parts) this.walk(type, selections, when, collected);
    return [...collected].map(([key, found]) => this.fieldOf(type, key, found));
  }

  private walk(
    type: GraphQLNamedType,
    { selections }: SelectionSetNode,
    conditions: readonly Condition[],
    into: Map<string, Collected>,
  ): void {
    for (const selection of selections) {
      const own = conditionsOf(selection);
      if (!own) continue;
      const all = own.length > 0 ? [...conditions, ...own] : conditions;
      if (selection.kind === Kind.FIELD) this.note(selection, all, into);
      else this.walkFragment(type, selection, all, into);
    }
  }

  private walkFragment(
    type: GraphQLNamedType,
    selection: Exclude<SelectionNode, { kind: Kind.FIELD }>,
    conditions: readonly Condition[],
    into: Map<string, Collected>,
  ): void {
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? this.fragments.get(selection.name.value) : selection;
    const condition = fragment?.typeCondition?.name.value;
    if (fragment && (condition === undefined || this.meets(type, condition)))
      this.walk(type, fragment.selectionSet, conditions, into);
  }

  private meets(type: GraphQLNamedType, condition: string): boolean {
    if (condition === type.name) return true;
    const wanted = this.schema.getType(condition);
    return (
      isAbstractType(wanted) && (isObjectType(type) || isInterfaceType(type)) && this.schema.isSubType(wanted, type)
    );
  }

  private note(node: Collected['node'], conditions: readonly Condition[], into: Map<string, Collected>): void {
    this.fields += 1;
    if (this.fields > MOST_FIELDS) throw new TooLarge();
    const key = node.alias?.value ?? node.name.value;
    // Assigned to an object, it would be its prototype.
    if (key === '__proto__') throw new GraphQLError('A field cannot have the alias __proto__.', { nodes: node });
    const known = into.get(key);
    const isWithheld = this.guarded?.withheld.has(node) ?? false;
    const found = known ?? { node, below: [], when: [], isWithheld };
    into.set(key, found);
    if (!isWithheld) found.isWithheld = false;
    if (conditions.length === 0) found.when = undefined;
    else found.when?.push(conditions);
    if (node.selectionSet && !isWithheld) found.below.push({ selections: node.selectionSet, when: conditions });
  }

  private fieldOf(type: GraphQLNamedType, key: string, { node, below, when, isWithheld }: Collected): Field {
    const name = node.name.value;
    const common = { key, ...(when && { when }) };
    if (name === '__typename') return { ...common, typename: isObjectType(type) ? type.name : null };
    if (name === '__schema' || name === '__type') return { ...common, text: this.introspect(node) };
    const definition = hasFields(type) ? type.getFields()[name] : undefined;
    if (!definition) throw new Error(`${type.name} has no field ${name}`);
    const named = getNamedType(definition.type);
    const typed = { wrap: wrappingOf(definition.type), type: named.name, of: `${type.name}.${key}` };
    if (isWithheld || this.guarded?.isWithheld(type.name, name, named.name))
      return { ...common, ...typed, isWithheld: true };
    if (isEnumType(named) && !this.enums.has(named.name))
      this.enums.set(
        named.name,
        named.getValues().map((value) => value.name),
      );
    return {
      ...common,
      ...typed,
      ...(hasFields(type) && this.costs?.ofField(node, type, definition)),
      ...(isCompositeType(named) && {
        shape: this.indexOf(named, below.length === 1 ? below.map(unconditional) : below),
      }),
    };
  }
}

const hasFields = (type: GraphQLNamedType) => isObjectType(type) || isInterfaceType(type);

/** Of a field that is asked for once, what decides on it has decided on all that is in it. */
const unconditional = ({ selections }: Part): Part => ({ selections, when: [] });

/** From the outside in. */
export function wrappingOf(type: GraphQLType): string {
  if (isNonNullType(type)) return `!${wrappingOf(type.ofType)}`;
  return isListType(type) ? `[${wrappingOf(type.ofType)}` : '';
}
