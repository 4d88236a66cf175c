import { COST_VERSIONS, costIdentity, type Schema } from '@apollo/federation-internals';
import type { GraphQLInterfaceType, GraphQLObjectType } from 'graphql';
import { coordinateOf, specOf } from './features';

/** `@listSize`: how long a list is, instead of what its arguments' names and an assumption say. */
export interface ListSize {
  readonly assumedSize?: number;
  readonly slicingArguments: readonly string[];
  /** The lists below it that the size is meant for, of a connection. */
  readonly sizedFields: readonly string[];
  readonly requireOneSlicingArgument: boolean;
}

/** What a graph's schema says of costs (https://specs.apollo.dev/cost/v0.1). */
export class Weights {
  private readonly weights = new Map<string, number>();
  private readonly sizes = new Map<string, ListSize>();

  /** Below zero it would pay for something else: it counts as nothing. */
  setWeight(coordinate: string, weight: number): void {
    this.weights.set(coordinate, Math.max(0, weight));
  }

  setSize(coordinate: string, size: ListSize): void {
    this.sizes.set(coordinate, size);
  }

  get isEmpty(): boolean {
    return this.weights.size + this.sizes.size === 0;
  }

  /** @param coordinate a type's, or that of an input object's field */
  of(coordinate: string): number | undefined {
    return this.weights.get(coordinate);
  }

  /** Of a field each time that it is asked for: an interface may say it for all its types. */
  ofField(type: Named, field: string): number {
    return this.most(type, (name) => `${name}.${field}`);
  }

  ofArgument(type: Named, field: string, argument: string): number {
    return this.most(type, (name) => `${name}.${field}(${argument}:)`);
  }

  sizeOf(type: Named, field: string): ListSize | undefined {
    const found = namesOf(type).map((name) => this.sizes.get(`${name}.${field}`));
    return found.find((size) => size !== undefined);
  }

  private most(type: Named, coordinate: (name: string) => string): number {
    return Math.max(...namesOf(type).map((name) => this.weights.get(coordinate(name)) ?? 0));
  }
}

type Named = GraphQLObjectType | GraphQLInterfaceType;

const namesOf = (type: Named): readonly string[] => [type.name, ...type.getInterfaces().map(({ name }) => name)];

/** Nothing for a schema that says nothing of costs. */
export function weightsOf(schema: Schema): Weights | undefined {
  const spec = specOf(schema, costIdentity, COST_VERSIONS);
  const weights = new Weights();
  for (const applied of spec?.costDirective(schema)?.applications() ?? [])
    weights.setWeight(coordinateOf(applied.parent), applied.arguments().weight);
  for (const applied of spec?.listSizeDirective(schema)?.applications() ?? [])
    weights.setSize(coordinateOf(applied.parent), listSizeOf(applied.arguments(true)));
  return weights.isEmpty ? undefined : weights;
}

/** Composition writes null for what no subgraph says. */
const listSizeOf = (given: {
  readonly assumedSize?: number | null;
  readonly slicingArguments?: readonly string[] | null;
  readonly sizedFields?: readonly string[] | null;
  readonly requireOneSlicingArgument?: boolean | null;
}): ListSize => ({
  ...(typeof given.assumedSize === 'number' && { assumedSize: given.assumedSize }),
  slicingArguments: given.slicingArguments ?? [],
  sizedFields: given.sizedFields ?? [],
  requireOneSlicingArgument: given.requireOneSlicingArgument ?? true,
});
