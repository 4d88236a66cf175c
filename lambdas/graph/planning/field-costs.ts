import {
  type FieldNode,
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  isCompositeType,
} from 'graphql';
import type { Field, Shape } from '../execute/operation';
import { sum } from './cost-terms';
import { InputCosts } from './input-costs';
import type { Defaults } from './list-sizes';
import type { Weights } from './weights';

/** What a schema says of the costs of fields and objects, for who counts what an operation has returned. */
export class FieldCosts {
  private readonly inputs: InputCosts;

  constructor(
    private readonly weights: Weights,
    defaults: Defaults,
  ) {
    this.inputs = new InputCosts(weights, defaults);
  }

  ofField(
    node: FieldNode,
    type: GraphQLObjectType | GraphQLInterfaceType,
    { type: returned, args }: GraphQLField<unknown, unknown>,
  ): Pick<Field, 'asked' | 'weight'> {
    const asked = sum([this.weights.ofField(type, node.name.value), this.inputs.of(node, type, args)]);
    const named = getNamedType(returned);
    const weight = isCompositeType(named) ? 0 : (this.weights.of(named.name) ?? 0);
    return { ...(asked !== 0 && { asked }), ...(weight > 0 && { weight }) };
  }

  /** @param names of the types that an object may say it is of */
  ofTypes(type: GraphQLNamedType, names: readonly string[]): Pick<Shape, 'weights'> {
    const all = [['', type.name] as const, ...names.map((name) => [name, name] as const)];
    const other = all.flatMap(([key, name]) => {
      const weight = this.weights.of(name) ?? 1;
      return weight === 1 ? [] : [[key, weight] as const];
    });
    return other.length > 0 ? { weights: Object.fromEntries(other) } : {};
  }
}
