import {
  type DirectiveNode,
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInputType,
  Kind,
  type OperationDefinitionNode,
  typeFromAST,
  visit,
} from 'graphql';
import type { Input, Operation, Variable } from '../execute/operation';
import { wrappingOf } from './shapes';

type Compiled = Pick<Operation, 'variables' | 'inputs' | 'defaults'> & {
  readonly enums: Map<string, readonly string[]>;
};

/** What an operation's variables may hold, with all input types that they lead to. */
export function variablesOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Compiled {
  const inputs: Record<string, Input> = {};
  const enums = new Map<string, readonly string[]>();
  const note = (type: GraphQLInputType): void => {
    const named = getNamedType(type);
    if (isEnumType(named))
      enums.set(
        named.name,
        named.getValues().map((value) => value.name),
      );
    if (!isInputObjectType(named) || inputs[named.name]) return;
    const fields = Object.values(named.getFields());
    const variables = fields.map((field) => variableOf(field.name, field.type, field.defaultValue !== undefined));
    inputs[named.name] = { fields: variables, ...(named.isOneOf && { isOneOf: true }) };
    for (const field of fields) note(field.type);
  };
  const deciding = decidingVariables(document);
  const defaults: Record<string, boolean> = {};
  const variables = (operation.variableDefinitions ?? []).flatMap(({ variable, type, defaultValue }) => {
    const name = variable.name.value;
    const declared = typeFromAST(schema, type);
    if (!isInputType(declared)) return [];
    note(declared);
    if (defaultValue?.kind === Kind.BOOLEAN && deciding.has(name)) defaults[name] = defaultValue.value;
    const known = variableOf(name, declared, defaultValue !== undefined);
    return [deciding.has(name) ? { ...known, isCondition: true } : known];
  });
  return { variables, inputs, defaults, enums };
}

const variableOf = (name: string, type: GraphQLInputType, hasDefault: boolean): Variable => ({
  name,
  wrap: wrappingOf(type),
  type: getNamedType(type).name,
  ...(hasDefault && { hasDefault: true }),
});

/** Those that `@skip` and `@include` ask. */
function decidingVariables(document: DocumentNode): ReadonlySet<string> {
  const found = new Set<string>();
  visit(document, {
    Directive({ name, arguments: given = [] }: DirectiveNode) {
      if (name.value !== 'skip' && name.value !== 'include') return;
      for (const { value } of given) if (value.kind === Kind.VARIABLE) found.add(value.name.value);
    },
  });
  return found;
}
