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
import { type Cost, MOST_OBJECTS, OBJECTS_PER_TOKEN, type Size, sizeOf } from '../execute/cost';
import { conditionsOf } from './conditions';

/*
 * What a GraphQL operation costs of its caller's limits, known before anything runs: the number of objects it may return
 * at most, a hundred of which cost as much as one REST call. Scalars cost nothing; a list counts as many as its size
 * argument says, or an assumed ten.
 */

const ASSUMED_SIZE = 10;
/** Arguments that say how long a list is at most. */
const SIZE_ARGUMENTS = ['first', 'last', 'limit'];
/** Selections that are looked at, each on each type it may meet: it takes some milliseconds, and is more than people write. */
const MOST_VISITS = 50_000;
/** Parts of a cost that depends on variables. */
const MOST_PARTS = 2_000;

/** What the operation costs, by its variables. */
export function costOf(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Cost {
  const root = schema.getRootType(operation.operation);
  if (!root) return 1;
  const counting = new Counting(schema, document, defaultsOf(operation));
  const cost = counting.objects(operation.selectionSet, root);
  return counting.isGivenUp ? MOST_OBJECTS : cost;
}

type Defaults = ReadonlyMap<string, ValueNode>;

function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Defaults {
  return new Map(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue ? [[variable.name.value, defaultValue] as const] : [],
    ),
  );
}

const sizeIn = (value: ValueNode | undefined): number | null => (value?.kind === Kind.INT ? Number(value.value) : null);

const isFixed = (cost: Cost) => typeof cost === 'number';
const add = (all: number, cost: Cost) => (typeof cost === 'number' ? Math.min(MOST_OBJECTS, all + cost) : all);
const larger = (all: number, cost: Cost) => (typeof cost === 'number' ? Math.max(all, cost) : all);

function sum(costs: readonly Cost[]): Cost {
  const fixed = costs.reduce<number>(add, 0);
  const open = costs.filter((cost) => !isFixed(cost));
  if (open.length === 0) return fixed;
  const [only] = open;
  return open.length === 1 && only !== undefined && fixed === 0 ? only : { sum: [fixed, ...open] };
}

/** Most types of an abstract one cost the same. */
function most(costs: readonly Cost[]): Cost {
  const fixed = costs.reduce<number>(larger, 0);
  const open = [
    ...new Map(costs.filter((cost) => !isFixed(cost)).map((cost) => [JSON.stringify(cost), cost])).values(),
  ];
  if (open.length === 0) return fixed;
  const [only] = open;
  return open.length === 1 && only !== undefined && fixed === 0 ? only : { most: [fixed, ...open] };
}

const times = (size: Size, of: Cost): Cost =>
  typeof of === 'number' && size.given.every((given) => typeof given === 'number')
    ? Math.min(MOST_OBJECTS, sizeOf(size, {}) * of)
    : { size, of };

/** One count of one operation. What a selection is worth on a type is counted once, however often it is spread. */
class Counting {
  private readonly fragments: ReadonlyMap<string, { readonly type: string; readonly selectionSet: SelectionSetNode }>;
  private visits = 0;
  private readonly parts = new WeakMap<object, number>();
  private readonly counted = new Map<SelectionSetNode, Map<string, Cost>>();

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
    private readonly defaults: Defaults,
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
  objects(selectionSet: SelectionSetNode, type: GraphQLCompositeType): Cost {
    const known = this.counted.get(selectionSet)?.get(type.name);
    if (known !== undefined) return known;
    const byType = this.counted.get(selectionSet) ?? new Map<string, Cost>();
    this.counted.set(selectionSet, byType);
    // A fragment that spreads itself finds this: the document is refused later.
    byType.set(type.name, 0);
    const found = isAbstractType(type) ? this.ofDearest(selectionSet, type) : this.ofObject(selectionSet, type);
    const bounded = this.bounded(found);
    byType.set(type.name, bounded);
    return bounded;
  }

  /** Written out, what is shared is written as often as it is met: nested abstract types would multiply. */
  private bounded(cost: Cost): Cost {
    return this.partsOf(cost) > MOST_PARTS ? MOST_OBJECTS : cost;
  }

  private partsOf(cost: Cost): number {
    if (typeof cost === 'number') return 1;
    const known = this.parts.get(cost);
    if (known !== undefined) return known;
    const below = 'sum' in cost ? cost.sum : 'most' in cost ? cost.most : [cost.of];
    const count = below.reduce<number>((all, part) => all + this.partsOf(part), 1);
    this.parts.set(cost, count);
    return count;
  }

  private ofDearest(selectionSet: SelectionSetNode, type: GraphQLAbstractType): Cost {
    return most(this.schema.getPossibleTypes(type).map((possible) => this.objects(selectionSet, possible)));
  }

  private ofObject(selectionSet: SelectionSetNode, type: GraphQLObjectType): Cost {
    return sum(
      selectionSet.selections.map((selection) => {
        const conditions = conditionsOf(selection);
        if (!conditions) return 0;
        const of = this.ofSelection(selection, type);
        return conditions.length === 0 || of === 0 ? of : { when: conditions, of };
      }),
    );
  }

  private ofSelection(selection: SelectionNode, type: GraphQLObjectType): Cost {
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

  private ofField(field: FieldNode, type: GraphQLObjectType): Cost {
    const name = field.name.value;
    // Introspection may tell the whole schema, but calls nobody. `__typename` is a scalar.
    if (name.startsWith('__')) return field.selectionSet ? OBJECTS_PER_TOKEN : 0;
    const found = this.ofValue(field, type.getFields()[name]);
    // A write costs at least what the REST call would, whatever it returns.
    return type === this.schema.getMutationType() ? most([OBJECTS_PER_TOKEN, found]) : found;
  }

  private ofValue(field: FieldNode, definition: GraphQLField<unknown, unknown> | undefined): Cost {
    const named = definition && namedType(definition.type);
    if (!field.selectionSet || !named || !isCompositeType(named)) return 0;
    return times(this.sizeOf(field, definition), sum([1, this.objects(field.selectionSet, named)]));
  }

  private sizeOf(field: FieldNode, { type, args }: GraphQLField<unknown, unknown>): Size {
    const lists = listDepth(type);
    // Of a connection the size stands at the field, and the list below it.
    const factor = lists === 0 ? 1 / ASSUMED_SIZE : ASSUMED_SIZE ** (lists - 1);
    const given = (field.arguments ?? []).filter(({ name }) => SIZE_ARGUMENTS.includes(name.value));
    const ofSchema = args.filter(({ name }) => SIZE_ARGUMENTS.includes(name)).map(({ defaultValue }) => defaultValue);
    const otherwise = { given: ofSchema.filter((size) => typeof size === 'number'), factor };
    const assumed = sizeOf({ ...otherwise, assumed: lists === 0 ? 1 : ASSUMED_SIZE ** lists }, {});
    return { given: given.map(({ value }) => this.sizeGiven(value)), assumed, factor };
  }

  private sizeGiven(value: ValueNode): Size['given'][number] {
    if (value.kind !== Kind.VARIABLE) return sizeIn(value) ?? NO_SIZE;
    const variable = value.name.value;
    return { variable, otherwise: sizeIn(this.defaults.get(variable)) };
  }
}

/** None: sizes below zero count as not given. */
const NO_SIZE = -1;

function namedType(type: GraphQLOutputType): GraphQLOutputType {
  return isListType(type) || isNonNullType(type) ? namedType(type.ofType) : type;
}

function listDepth(type: GraphQLOutputType): number {
  if (isNonNullType(type)) return listDepth(type.ofType);
  return isListType(type) ? 1 + listDepth(type.ofType) : 0;
}
