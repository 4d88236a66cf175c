import {
  type ArgumentNode,
  type FieldNode,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLOutputType,
  isListType,
  isNonNullType,
  Kind,
  type ValueNode,
} from 'graphql';
import { type Size, sizeOf } from '../execute/cost';
import type { ListSize } from './weights';

const ASSUMED_SIZE = 10;
/** Arguments that say how long a list is at most. */
const SIZE_ARGUMENTS = ['first', 'last', 'limit'];

export type Defaults = ReadonlyMap<string, ValueNode>;
type Sized = Pick<GraphQLField<unknown, unknown>, 'type' | 'args'>;

/** How often what is below a field is there, where the schema does not say it by a directive. */
export function guessedSize(field: FieldNode, { type, args }: Sized, defaults: Defaults): Size {
  const lists = listDepth(type);
  // Of a connection the size stands at the field, and the list below it.
  const factor = lists === 0 ? 1 / ASSUMED_SIZE : ASSUMED_SIZE ** (lists - 1);
  const assumed = lists === 0 ? 1 : ASSUMED_SIZE ** lists;
  return sizeBy(SIZE_ARGUMENTS, field, args, { assumed, factor }, defaults);
}

/** The same of a field with `@listSize`: of itself, or of the lists below it that the directive names. */
export function saidSize(
  { slicingArguments, assumedSize = ASSUMED_SIZE }: ListSize,
  field: FieldNode,
  args: readonly GraphQLArgument[],
  defaults: Defaults,
): Size {
  return sizeBy(slicingArguments, field, args, { assumed: assumedSize, factor: 1 }, defaults);
}

/** The size of a list of lists, of which only the outer one's is said. */
export function nested(size: Size, type: GraphQLOutputType): Size {
  const factor = ASSUMED_SIZE ** Math.max(0, listDepth(type) - 1);
  return { ...size, assumed: size.assumed * factor, factor: size.factor * factor };
}

export const ONE: Size = { given: [], assumed: 1, factor: 1 };

function sizeBy(
  names: readonly string[],
  { arguments: given = [] }: FieldNode,
  args: readonly GraphQLArgument[],
  otherwise: Pick<Size, 'assumed' | 'factor'>,
  defaults: Defaults,
): Size {
  const ofSchema = args.filter(({ name }) => names.includes(name)).map(({ defaultValue }) => defaultValue);
  const numbers = ofSchema.filter((size) => typeof size === 'number');
  const asked = given.filter(({ name }) => names.includes(name.value));
  return {
    given: asked.map((argument) => sizeGiven(argument, defaults)),
    assumed: sizeOf({ ...otherwise, given: numbers }, {}),
    factor: otherwise.factor,
  };
}

function sizeGiven({ value }: ArgumentNode, defaults: Defaults): Size['given'][number] {
  if (value.kind !== Kind.VARIABLE) return sizeIn(value) ?? NO_SIZE;
  const variable = value.name.value;
  return { variable, otherwise: sizeIn(defaults.get(variable)) };
}

/** None: sizes below zero count as not given. */
const NO_SIZE = -1;

const sizeIn = (value: ValueNode | undefined): number | null => (value?.kind === Kind.INT ? Number(value.value) : null);

export function listDepth(type: GraphQLOutputType): number {
  if (isNonNullType(type)) return listDepth(type.ofType);
  return isListType(type) ? 1 + listDepth(type.ofType) : 0;
}
