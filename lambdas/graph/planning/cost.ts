import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { type Cost, MOST_OBJECTS, OBJECTS_PER_TOKEN, type Size } from '../execute/cost';
import { conditionsOf } from './conditions';
import { Bounded, most, sum, times } from './cost-terms';
import { InputCosts } from './input-costs';
import { type Defaults, guessedSize, nested, ONE, saidSize } from './list-sizes';
import type { ListSize, Weights } from './weights';

/*
 * What a GraphQL operation costs of its caller's limits, known before anything runs: the number of objects it may return
 * at most, a hundred of which cost as much as one REST call. Scalars cost nothing; a list counts as many as its size
 * argument says, or an assumed ten. A schema may say otherwise (`@cost`, `@listSize`).
 */

/** Selections that are looked at, each on each type it may meet: it takes some milliseconds, and is more than people write. */
const MOST_VISITS = 50_000;
/** What the operation costs, by its variables. */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  weights?: Weights,
): Cost {
  const root = schema.getRootType(operation.operation);
  if (!root) return 1;
  const counting = new Counting(schema, document, defaultsOf(operation), weights);
  const cost = counting.objects(operation.selectionSet, root);
  return counting.isGivenUp ? MOST_OBJECTS : cost;
}

export function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Defaults {
  return new Map(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue ? [[variable.name.value, defaultValue] as const] : [],
    ),
  );
}

/** The lists below a field that its size is meant for. */
interface SizedFields {
  readonly names: readonly string[];
  readonly size: Size;
  /** The same for the same names and size. */
  readonly key: string;
}

type Definition = GraphQLField<unknown, unknown>;

/** One count of one operation. What a selection is worth on a type is counted once, however often it is spread. */
class Counting {
  private readonly fragments: ReadonlyMap<string, { readonly type: string; readonly selectionSet: SelectionSetNode }>;
  private visits = 0;
  private readonly bounded = new Bounded();
  private readonly inputs: InputCosts | undefined;
  private readonly counted = new Map<SelectionSetNode, Map<string, Cost>>();

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
    private readonly defaults: Defaults,
    private readonly weights: Weights | undefined,
  ) {
    this.inputs = weights && new InputCosts(weights, defaults);
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
  objects(selectionSet: SelectionSetNode, type: GraphQLCompositeType, sized?: SizedFields): Cost {
    const key = sized ? `${type.name} ${sized.key}` : type.name;
    const known = this.counted.get(selectionSet)?.get(key);
    if (known !== undefined) return known;
    const byType = this.counted.get(selectionSet) ?? new Map<string, Cost>();
    this.counted.set(selectionSet, byType);
    // A fragment that spreads itself finds this: the document is refused later.
    byType.set(key, 0);
    const found = isAbstractType(type)
      ? most(this.schema.getPossibleTypes(type).map((possible) => this.objects(selectionSet, possible, sized)))
      : this.ofObject(selectionSet, type, sized);
    const bounded = this.bounded.of(found);
    byType.set(key, bounded);
    return bounded;
  }

  private ofObject(selectionSet: SelectionSetNode, type: GraphQLObjectType, sized: SizedFields | undefined): Cost {
    return sum(
      selectionSet.selections.map((selection) => {
        const conditions = conditionsOf(selection);
        if (!conditions) return 0;
        const of = this.ofSelection(selection, type, sized);
        return conditions.length === 0 || of === 0 ? of : { when: conditions, of };
      }),
    );
  }

  private ofSelection(selection: SelectionNode, type: GraphQLObjectType, sized: SizedFields | undefined): Cost {
    this.visits += 1;
    if (this.isGivenUp) return 0;
    if (selection.kind === Kind.FIELD) return this.ofField(selection, type, sized);
    const spread = selection.kind === Kind.FRAGMENT_SPREAD ? this.fragments.get(selection.name.value) : undefined;
    if (selection.kind === Kind.FRAGMENT_SPREAD && !spread) return 0;
    const condition =
      spread?.type ?? (selection.kind === Kind.INLINE_FRAGMENT ? selection.typeCondition?.name.value : undefined);
    if (condition !== undefined && !this.applies(condition, type)) return 0;
    const selectionSet =
      spread?.selectionSet ?? (selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet : undefined);
    return selectionSet ? this.objects(selectionSet, type, sized) : 0;
  }

  /** Whether an object of this type meets the condition of a fragment. */
  private applies(condition: string, type: GraphQLObjectType): boolean {
    if (condition === type.name) return true;
    const wanted = this.schema.getType(condition);
    return isAbstractType(wanted) && this.schema.isSubType(wanted, type);
  }

  private ofField(field: FieldNode, type: GraphQLObjectType, sized: SizedFields | undefined): Cost {
    const name = field.name.value;
    // Introspection may tell the whole schema, but calls nobody. `__typename` is a scalar.
    if (name.startsWith('__')) return field.selectionSet ? OBJECTS_PER_TOKEN : 0;
    const definition = type.getFields()[name];
    const found = definition
      ? sum([this.ofAsking(field, type, definition), this.ofValue(field, type, definition, sized)])
      : 0;
    // A write costs at least what the REST call would, whatever it returns.
    return type === this.schema.getMutationType() ? most([OBJECTS_PER_TOKEN, found]) : found;
  }

  /** Once, whatever it returns. */
  private ofAsking(field: FieldNode, type: GraphQLObjectType, { args }: Definition): Cost {
    if (!this.weights || !this.inputs) return 0;
    return sum([this.weights.ofField(type, field.name.value), this.inputs.of(field, type, args)]);
  }

  private ofValue(field: FieldNode, type: GraphQLObjectType, definition: Definition, sized?: SizedFields): Cost {
    const named = getNamedType(definition.type);
    const said = this.weights?.sizeOf(type, field.name.value);
    const size = this.sizeOf(field, definition, said, sized);
    if (!isCompositeType(named)) return times(size, this.weights?.of(named.name) ?? 0);
    return field.selectionSet
      ? times(size, this.ofEach(field.selectionSet, named, said && this.sizedBelow(said, field, definition)))
      : 0;
  }

  /** An object with what is in it. */
  private ofEach(selectionSet: SelectionSetNode, type: GraphQLCompositeType, sized: SizedFields | undefined): Cost {
    if (!this.weights) return sum([1, this.objects(selectionSet, type)]);
    const types = isAbstractType(type) ? this.schema.getPossibleTypes(type) : [type];
    return most(types.map((each) => sum([this.weights?.of(each.name) ?? 1, this.objects(selectionSet, each, sized)])));
  }

  private sizeOf(
    field: FieldNode,
    definition: Definition,
    said: ListSize | undefined,
    sized: SizedFields | undefined,
  ): Size {
    if (sized?.names.includes(field.name.value)) return nested(sized.size, definition.type);
    if (!said) return guessedSize(field, definition, this.defaults);
    if (said.sizedFields.length > 0) return ONE;
    return nested(saidSize(said, field, definition.args, this.defaults), definition.type);
  }

  private sizedBelow(said: ListSize, field: FieldNode, { args }: Definition): SizedFields | undefined {
    const names = said.sizedFields;
    if (names.length === 0) return undefined;
    const size = saidSize(said, field, args, this.defaults);
    return { names, size, key: JSON.stringify([names, size]) };
  }
}
