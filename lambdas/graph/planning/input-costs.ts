import {
  type FieldNode,
  type GraphQLArgument,
  type GraphQLInputType,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  getNamedType,
  isInputObjectType,
  Kind,
  type ValueNode,
} from 'graphql';
import type { Cost, InputWeights, Weighed } from '../execute/cost';
import { sum } from './cost-terms';
import type { Defaults } from './list-sizes';
import type { Weights } from './weights';

type Types = Record<string, Record<string, Weighed>>;

/** What the arguments of one operation's fields weigh, with what is in them. */
export class InputCosts {
  private readonly types = new Map<string, Types>();

  constructor(
    private readonly weights: Weights,
    private readonly defaults: Defaults,
  ) {}

  of(field: FieldNode, type: GraphQLObjectType | GraphQLInterfaceType, args: readonly GraphQLArgument[]): Cost {
    return sum(
      (field.arguments ?? []).map(({ name, value }) => {
        const declared = args.find((each) => each.name === name.value);
        if (!declared) return 0;
        const types = this.typesOf(declared.type);
        const weight = this.weights.ofArgument(type, field.name.value, name.value);
        return valueCost(value, weighedOf(weight, declared.type, types), types, this.defaults);
      }),
    );
  }

  private typesOf(type: GraphQLInputType): Types {
    const { name } = getNamedType(type);
    const known = this.types.get(name) ?? weighing(typesIn(type, this.weights, {}));
    this.types.set(name, known);
    return known;
  }
}

const NONE: Types = {};

const weighing = (types: Types): Types =>
  Object.values(types).some((fields) => Object.values(fields).some(({ weight }) => weight > 0)) ? types : NONE;

const weighedOf = (weight: number, type: GraphQLInputType, types: Types): Weighed => {
  const { name } = getNamedType(type);
  return { weight, ...(types[name] && { type: name }) };
};

/** The input type with all that it leads to: by each field what it weighs. */
function typesIn(type: GraphQLInputType, weights: Weights, found: Types): Types {
  const named = getNamedType(type);
  if (!isInputObjectType(named) || found[named.name]) return found;
  const fields: Record<string, Weighed> = {};
  found[named.name] = fields;
  for (const field of Object.values(named.getFields())) {
    typesIn(field.type, weights, found);
    const weighed = weighedOf(weights.of(`${named.name}.${field.name}`) ?? 0, field.type, found);
    if (weighed.weight > 0 || weighed.type !== undefined) fields[field.name] = weighed;
  }
  return found;
}

function valueCost(value: ValueNode, weighed: Weighed, types: InputWeights, defaults: Defaults): Cost {
  if (value.kind !== Kind.VARIABLE) return sum([weighed.weight, insideCost(value, weighed.type, types, defaults)]);
  if (weighed.weight === 0 && weighed.type === undefined) return 0;
  const ofDefault = defaults.get(value.name.value);
  // A default holds no variables: what it costs is known.
  const otherwise = ofDefault ? valueCost(ofDefault, weighed, types, defaults) : 0;
  const input = { ...weighed, variable: value.name.value, otherwise: typeof otherwise === 'number' ? otherwise : 0 };
  return { input, types };
}

function insideCost(value: ValueNode, type: string | undefined, types: InputWeights, defaults: Defaults): Cost {
  if (value.kind === Kind.LIST) return sum(value.values.map((each) => inListCost(each, type, types, defaults)));
  if (value.kind !== Kind.OBJECT || type === undefined) return 0;
  return sum(
    value.fields.map((field) => {
      const weighed = types[type]?.[field.name.value];
      return weighed ? valueCost(field.value, weighed, types, defaults) : 0;
    }),
  );
}

/** A list weighs once as what it is given for, and what is in each of its elements. */
const inListCost = (value: ValueNode, type: string | undefined, types: InputWeights, defaults: Defaults): Cost =>
  value.kind === Kind.VARIABLE
    ? valueCost(value, { weight: 0, ...(type !== undefined && { type }) }, types, defaults)
    : insideCost(value, type, types, defaults);
