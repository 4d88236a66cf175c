import type { FetchNode, PlanNode, QueryPlan, QueryPlanSelectionNode } from '@apollo/query-planner';
import { type GraphQLSchema, isAbstractType, isInterfaceType } from 'graphql';
import type { Fetch, Operation, Plan, Requirement } from '../execute/operation';

type Compiled = Pick<Operation, 'conditions'> & { readonly plan?: Plan };

/** @apollo/query-planner's plan, reduced to what running it takes. `schema` is the supergraph's own, nothing hidden in it. */
export function planOf({ node }: QueryPlan, schema: GraphQLSchema): Compiled {
  if (!node) return { conditions: {} };
  if (node.kind === 'Subscription') throw new Error('subscriptions are refused before they are planned');
  const conditions = new Map<string, readonly string[]>();
  const noteCondition = (name: string) => void conditions.set(name, typesThatMeet(name, schema));
  const plan = reduced(node, noteCondition);
  return { plan, conditions: Object.fromEntries(conditions) };
}

type Note = (condition: string) => void;

function reduced(node: PlanNode, note: Note): Plan {
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      return { kind: node.kind, nodes: node.nodes.map((each) => reduced(each, note)) };
    case 'Flatten':
      return { kind: 'Flatten', path: node.path.map(String), node: reduced(node.node, note) };
    case 'Condition': {
      const { condition: variable, ifClause, elseClause } = node;
      const ifTrue = ifClause && { ifTrue: reduced(ifClause, note) };
      return { kind: 'Condition', variable, ...ifTrue, ...(elseClause && { ifFalse: reduced(elseClause, note) }) };
    }
    case 'Fetch':
      return fetchOf(node, note);
    default:
      throw new Error(`a plan's ${node.kind} is not known`);
  }
}

function fetchOf(node: FetchNode, note: Note): Fetch {
  const { serviceName, variableUsages = [], requires, inputRewrites, outputRewrites } = node;
  const { query, operationName } = named(node);
  for (const { path } of [...(inputRewrites ?? []), ...(outputRewrites ?? [])])
    for (const step of path) if (step.startsWith('... on ')) note(step.slice('... on '.length));
  return {
    kind: 'Fetch',
    subgraph: serviceName,
    query,
    ...(operationName !== undefined && { operationName }),
    variables: variableUsages,
    ...(requires && { requires: requires.map((part) => requirementOf(part, note)) }),
    ...(inputRewrites && { inputRewrites }),
    ...(outputRewrites && { outputRewrites }),
  };
}

/**
 * The planner numbers the operations it names, and two fetches of one plan that ask the same differ in that number alone.
 * Without it they are sent as one where they meet.
 */
function named({ operation, operationName }: FetchNode): { query: string; operationName: string | undefined } {
  const plain = operationName?.replace(/__\d+$/, '');
  if (operationName === undefined || plain === undefined) return { query: operation, operationName };
  return { query: operation.replace(` ${operationName}`, ` ${plain}`), operationName: plain };
}

function requirementOf(part: QueryPlanSelectionNode, note: Note): Requirement {
  if (part.kind === 'Field') {
    const { name, alias, selections } = part;
    const below = selections && { selections: selections.map((each) => requirementOf(each, note)) };
    return { kind: 'Field', name, ...(alias !== undefined && { alias }), ...below };
  }
  const { typeCondition, selections } = part;
  if (typeCondition !== undefined) note(typeCondition);
  const condition = typeCondition !== undefined && { typeCondition };
  return { kind: 'InlineFragment', ...condition, selections: selections.map((each) => requirementOf(each, note)) };
}

/** The names that an object may have which meets the condition. */
function typesThatMeet(name: string, schema: GraphQLSchema): readonly string[] {
  const type = schema.getType(name);
  if (!isAbstractType(type)) return [name];
  const interfaces = isInterfaceType(type) ? schema.getImplementations(type).interfaces : [];
  return [name, ...[...interfaces, ...schema.getPossibleTypes(type)].map((met) => met.name)];
}
