import { operationFromDocument } from '@apollo/federation-internals';
import type { QueryPlan } from '@apollo/query-planner';
import {
  type DocumentNode,
  executeSync,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionNode,
  separateOperations,
} from 'graphql';
import type { Cost } from '../execute/cost';
import type { Json, Operation, Rule } from '../execute/operation';
import { defaultsOf } from './cost';
import { FieldCosts } from './field-costs';
import { type Guarded, guardedFields, guardedPart, without } from './guarded';
import { planOf } from './plans';
import type { PlannedGraph } from './schemas';
import { shapesOf } from './shapes';
import { variablesOf } from './variables';

/** A document that has been validated, and the operation of it that is to be run. */
export interface Valid {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly cost: Cost;
}

/**
 * Plans an operation and makes it into what `execute` runs. Variables count for introspection alone, which is answered
 * here. Throws a GraphQLError where the planner refuses it.
 */
export function compiled(graph: PlannedGraph, valid: Valid, given: Json, unmet: readonly Rule[] = []): Operation {
  // The planner reads every fragment it is given, those of other operations too, whose variables it does not know.
  const alone = separateOperations(valid.document)[valid.operation.name?.value ?? ''] ?? valid.document;
  const guarded = graph.rules && guardedFields(graph.schema, graph.rules, alone, unmet);
  const planned = guarded ? without(alone, guarded.withheld) : alone;
  const plan = graph.planner.buildQueryPlan(operationFromDocument(graph.api, planned));
  return withPlan(graph, valid, given, plan, guarded);
}

/** The same, of an operation that has been planned. */
export function withPlan(
  graph: PlannedGraph,
  { document, operation, cost }: Valid,
  given: Json,
  planned: QueryPlan,
  guarded?: Guarded,
): Operation {
  const { enums, ...variables } = variablesOf(graph.schema, document, operation);
  const shapes = shapesOf(
    graph.schema,
    document,
    operation,
    (field) => introspected(graph, document, operation, given, field),
    guarded,
    graph.weights && new FieldCosts(graph.weights, defaultsOf(operation)),
  );
  const { plan, conditions } = planOf(planned, graph.whole);
  return {
    cost,
    kind: operation.operation === OperationTypeNode.MUTATION ? 'mutation' : 'query',
    ...(plan && { plan }),
    ...variables,
    shapes: shapes.shapes,
    enums: Object.fromEntries([...enums, ...shapes.enums]),
    conditions,
    ...(guarded && guardedPart(guarded, document, operation)),
  };
}

/** The JSON text of what an introspection field says of the schema. */
function introspected(
  { schema }: PlannedGraph,
  { definitions }: DocumentNode,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variableValues: Json,
  field: SelectionNode,
): string {
  const fragments = definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  const operation: OperationDefinitionNode = {
    kind: Kind.OPERATION_DEFINITION,
    operation: OperationTypeNode.QUERY,
    variableDefinitions,
    selectionSet: { kind: Kind.SELECTION_SET, selections: [field] },
  };
  const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: [operation, ...fragments] };
  const { data } = executeSync({ schema, document, rootValue: {}, variableValues });
  return JSON.stringify(Object.values(data ?? {})[0] ?? null);
}
