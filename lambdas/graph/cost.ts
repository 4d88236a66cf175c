import {
  type DocumentNode,
  type FieldNode,
  type GraphQLAbstractType,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isCompositeType,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';

/*
 * What a GraphQL operation costs of its caller's limits, known before anything runs: the number of objects it may return
 * at most, a hundred of which cost as much as one REST call. Scalars cost nothing; a list counts as many as its size
 * argument says, or an assumed ten.
 */

/** What a request asks to run. Nothing in it has been checked. */
export interface Asked {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName: string | undefined;
}

const OBJECTS_PER_TOKEN = 100;
const ASSUMED_SIZE = 10;
/** Arguments that say how long a list is at most. */
const SIZE_ARGUMENTS = ['first', 'last', 'limit'];
/** Selections that are looked at, each on each type it may meet: it takes some milliseconds, and is more than people write. */
const MOST_VISITS = 50_000;
/** Sums stop here, so that nested lists cannot overflow. */
const MOST_OBJECTS = 1_000_000_000;

/** What no bucket holds. */
export const MOST_COST = MOST_OBJECTS / OBJECTS_PER_TOKEN;

/** Whole tokens, at least 1. */
export function costOf(schema: GraphQLSchema, document: DocumentNode, asked: Asked): number {
  const operation = operationOf(document, asked.operationName);
  const root = operation && schema.getRootType(operation.operation);
  if (!operation || !root) return 1;
  const counting = new Counting(schema, document, valuesOf(operation, asked.variables));
  const objects = counting.objects(operation.selectionSet, root);
  return counting.isGivenUp ? MOST_COST : Math.max(1, Math.ceil(objects / OBJECTS_PER_TOKEN));
}

function operationOf({ definitions }: DocumentNode, name: string | undefined): OperationDefinitionNode | undefined {
  const operations = definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return name === undefined ? operations[0] : operations.find((operation) => operation.name?.value === name);
}

/** Variables as they are given, else by their defaults. */
function valuesOf({ variableDefinitions = [] }: OperationDefinitionNode, given: Asked['variables']) {
  const values = new Map<string, unknown>(Object.entries(given));
  for (const { variable, defaultValue } of variableDefinitions)
    if (!values.has(variable.name.value) && defaultValue) values.set(variable.name.value, literal(defaultValue));
  return values;
}

const literal = (value: ValueNode): unknown =>
  value.kind === Kind.INT ? Number(value.value) : value.kind === Kind.BOOLEAN ? value.value : undefined;

/** One count of one operation. What a selection is worth on a type is counted once, however often it is spread. */
class Counting {
  private readonly fragments: ReadonlyMap<string, { readonly type: string; readonly selectionSet: SelectionSetNode }>;
  private visits = 0;
  private readonly counted = new Map<SelectionSetNode, Map<string, number>>();

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
    private readonly variables: ReadonlyMap<string, unknown>,
  ) {
    this.fragments = new Map(
      document.definitions.flatMap((definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION
          ? [
              [
                definition.name.value,
                { type: definition.typeCondition.name.value, selectionSet: definition.selectionSet },
              ],
            ]
          : [],
      ),
    );
  }

  /** Whether there was more to look at than is worth it. */
  get isGivenUp(): boolean {
    return this.visits > MOST_VISITS;
  }

  /** How many objects the selection returns at most below one object of this type: of an abstract one, the dearest. */
  objects(selectionSet: SelectionSetNode, type: GraphQLCompositeType): number {
    const known = this.counted.get(selectionSet)?.get(type.name);
    if (known !== undefined) return known;
    const byType = this.counted.get(selectionSet) ?? new Map<string, number>();
    this.counted.set(selectionSet, byType);
    // A fragment that spreads itself finds this: the document is refused later.
    byType.set(type.name, 0);
    const found = isAbstractType(type) ? this.ofDearest(selectionSet, type) : this.ofObject(selectionSet, type);
    byType.set(type.name, found);
    return found;
  }

  private ofDearest(selectionSet: SelectionSetNode, type: GraphQLAbstractType): number {
    let most = 0;
    for (const possible of this.schema.getPossibleTypes(type))
      most = Math.max(most, this.objects(selectionSet, possible));
    return most;
  }

  private ofObject(selectionSet: SelectionSetNode, type: GraphQLObjectType): number {
    let sum = 0;
    for (const selection of selectionSet.selections)
      if (this.isIncluded(selection)) sum = Math.min(MOST_OBJECTS, sum + this.ofSelection(selection, type));
    return sum;
  }

  private ofSelection(selection: SelectionNode, type: GraphQLObjectType): number {
    this.visits += 1;
    if (this.isGivenUp) return 0;
    if (selection.kind === Kind.FIELD) return this.ofField(selection, type);
    const spread = selection.kind === Kind.FRAGMENT_SPREAD ? this.fragments.get(selection.name.value) : undefined;
    if (selection.kind === Kind.FRAGMENT_SPREAD && !spread) return 0;
    const condition =
      spread?.type ?? (selection.kind === Kind.INLINE_FRAGMENT ? selection.typeCondition?.name.value : undefined);
    if (condition !== undefined && !this.applies(condition, type)) return 0;
    const selectionSet =
      spread?.selectionSet ?? (selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet : undefined);
    return selectionSet ? this.objects(selectionSet, type) : 0;
  }

  /** Whether an object of this type meets the condition of a fragment. */
  private applies(condition: string, type: GraphQLObjectType): boolean {
    if (condition === type.name) return true;
    const wanted = this.schema.getType(condition);
    return isAbstractType(wanted) && this.schema.isSubType(wanted, type);
  }

  private ofField(field: FieldNode, type: GraphQLObjectType): number {
    const name = field.name.value;
    // Introspection may tell the whole schema, but calls nobody. `__typename` is a scalar.
    if (name.startsWith('__')) return field.selectionSet ? OBJECTS_PER_TOKEN : 0;
    const found = this.ofValue(field, type.getFields()[name]);
    // A write costs at least what the REST call would, whatever it returns.
    return type === this.schema.getMutationType() ? Math.max(OBJECTS_PER_TOKEN, found) : found;
  }

  private ofValue(field: FieldNode, definition: GraphQLField<unknown, unknown> | undefined): number {
    const named = definition && namedType(definition.type);
    if (!field.selectionSet || !named || !isCompositeType(named)) return 0;
    const size = this.sizeOf(field, definition);
    return Math.min(MOST_OBJECTS, size * (1 + this.objects(field.selectionSet, named)));
  }

  private sizeOf(field: FieldNode, { type, args }: GraphQLField<unknown, unknown>): number {
    const lists = listDepth(type);
    const given = largest(field.arguments?.map(({ name, value }) => [name.value, this.valueOf(value)]));
    const asked = given ?? largest(args.map(({ name, defaultValue }) => [name, defaultValue]));
    // Of a connection the size stands at the field, and the list below it.
    if (lists === 0) return asked === undefined ? 1 : Math.max(1, Math.ceil(asked / ASSUMED_SIZE));
    return (asked ?? ASSUMED_SIZE) * ASSUMED_SIZE ** (lists - 1);
  }

  private valueOf(value: ValueNode): unknown {
    return value.kind === Kind.VARIABLE ? this.variables.get(value.name.value) : literal(value);
  }

  private isIncluded({ directives = [] }: SelectionNode): boolean {
    return directives.every(({ name, arguments: given = [] }) => {
      const condition = given[0] && this.valueOf(given[0].value);
      return !((name.value === 'skip' && condition === true) || (name.value === 'include' && condition === false));
    });
  }
}

/** Of several sizes the largest, as nobody knows which of them a subgraph obeys. */
function largest(sizes: readonly (readonly [name: string, value: unknown])[] = []): number | undefined {
  const found = sizes.flatMap(([name, value]) =>
    SIZE_ARGUMENTS.includes(name) && typeof value === 'number' && value >= 0 ? [Math.min(value, MOST_OBJECTS)] : [],
  );
  return found.length > 0 ? Math.max(...found) : undefined;
}

function namedType(type: GraphQLOutputType): GraphQLOutputType {
  return isListType(type) || isNonNullType(type) ? namedType(type.ofType) : type;
}

function listDepth(type: GraphQLOutputType): number {
  if (isNonNullType(type)) return listDepth(type.ofType);
  return isListType(type) ? 1 + listDepth(type.ofType) : 0;
}
