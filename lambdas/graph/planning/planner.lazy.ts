import {
  GraphQLError,
  getVariableValues,
  NoSchemaIntrospectionCustomRule,
  OperationTypeNode,
  specifiedRules,
  validate,
} from 'graphql';
import { countFault, logger } from '../../shared/telemetry';
import type { Json, Operation, Rule } from '../execute/operation';
import type { GraphError } from '../execute/run';
import { RequestError } from '../request-error';
import { compiled, type Valid } from './compile';
import { type Examined, examine, type LimitMode } from './examine';
import { plannedGraph } from './schemas';
import { oneSlicingArgument } from './slicing';
import { TooLarge } from './too-large';

/*
 * Everything that a document takes which nobody has asked to run before: GraphQL's parser and validation, and Apollo's
 * planner. It is a file of its own, loaded when it is needed: for known operations it never is.
 */

export interface Planner {
  /** Looks at a document before its caller's limits are asked. Never throws. */
  examine(query: string, operationName: string | undefined, limits: LimitMode): Examined;
  /** Validates and plans what has been examined. Throws a RequestError for what is wrong with it. */
  learn(examined: Examined, asked: Asked): Learned;
  /** Plans a document that nobody has asked for yet. Throws a RequestError for one that could not be run by everybody. */
  foresee(query: string): Operation;
  /** Throws a RequestError that says what is wrong with the variables of this operation; nothing where they are right. */
  checkVariables(query: string, operationName: string | undefined, asked: Asked): void;
}

interface Asked {
  readonly variables: Json;
  /** Whether the caller may ask for the schema; who may not learns no names that it has not sent. */
  readonly introspection: boolean;
  /** Rules that the caller does not meet: what they guard is left out. */
  readonly unmet?: readonly Rule[];
}

interface Learned {
  readonly operation: Operation;
  /** Whether it may be run again, by others: introspection is answered for this request alone. */
  readonly isLasting: boolean;
}

/** Errors of one document that are told: naming more helps nobody. */
const MOST_ERRORS = 20;

/** Throws for what is no supergraph. */
export function openPlanner(supergraph: string): Planner {
  const graph = plannedGraph(supergraph);
  const { schema, weights } = graph;
  const slicing = weights ? [oneSlicingArgument(weights)] : [];

  const validated = (examined: Examined, { introspection }: Asked): Valid => {
    const { document, operation, cost, excess, syntaxError } = examined;
    const rules = [...(introspection ? specifiedRules : CLOSED_RULES), ...slicing];
    if (excess) throw new RequestError([{ message: excess.message, extensions: { code: excess.code } }], 'limit');
    if (syntaxError) throw told([syntaxError], 'GRAPHQL_PARSE_FAILED');
    if (!document) throw new Error('it was not examined');
    const errors = validate(schema, document, rules, { maxErrors: MOST_ERRORS, hideSuggestions: !introspection });
    if (errors.length > 0) throw told(errors, 'GRAPHQL_VALIDATION_FAILED');
    if (!operation) throw told([new GraphQLError(NO_OPERATION)], 'OPERATION_RESOLUTION_FAILURE');
    if (operation.operation === OperationTypeNode.SUBSCRIPTION)
      throw told(
        [new GraphQLError('Subscriptions are not supported: poll, or use webhooks.')],
        'SUBSCRIPTIONS_UNSUPPORTED',
      );
    return { document, operation, cost };
  };

  const check = ({ operation }: Valid, { variables }: Asked): void => {
    const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, {
      maxErrors: MOST_ERRORS,
    });
    if (errors) throw told(errors, 'BAD_USER_INPUT');
  };

  const planned = (valid: Valid, examined: Examined, { variables, unmet = [] }: Asked): Learned => {
    try {
      const operation = compiled(graph, valid, variables, unmet);
      const isLasting = operation.shapes[0]?.untyped.every(({ text }) => text === undefined) ?? true;
      return { operation: { ...operation, ...(examined.over && { over: examined.over }) }, isLasting };
    } catch (error) {
      if (error instanceof TooLarge) throw new RequestError([TOO_LARGE], 'limit');
      if (error instanceof GraphQLError) throw told([error], 'GRAPHQL_VALIDATION_FAILED');
      // A valid operation that the planner cannot plan is nobody's fault but ours; what else is asked goes on.
      countFault();
      logger.error('planning', { error: error instanceof Error ? error : new Error(String(error)) });
      throw new RequestError([UNPLANNED]);
    }
  };

  return {
    examine: (query, operationName, limits) => examine(schema, query, operationName, { limits, weights }),

    learn(examined, asked) {
      const valid = validated(examined, asked);
      check(valid, asked);
      return planned(valid, examined, asked);
    },

    foresee(query) {
      const examined = examine(schema, query, undefined, { weights });
      // What asks for the schema is not run for everybody.
      const asked = { variables: {}, introspection: false };
      return planned(validated(examined, asked), examined, asked).operation;
    },

    checkVariables(query, operationName, asked) {
      // It has been learned: whether it is run although it is over a limit is not asked again.
      check(validated(examine(schema, query, operationName, { limits: 'observe' }), asked), asked);
    },
  };
}

const CLOSED_RULES = [...specifiedRules, NoSchemaIntrospectionCustomRule];
const NO_OPERATION = 'operationName must name one of the operations of the document, where it has several.';
const UNPLANNED: GraphError = {
  message: 'No plan was found for the operation.',
  extensions: { code: 'PLANNING_FAILED' },
};
const TOO_LARGE: GraphError = {
  message: 'The document selects too many fields, each for each type that it may meet.',
  extensions: { code: 'TOO_MANY_FIELDS' },
};

const told = (errors: readonly GraphQLError[], code: string): RequestError =>
  new RequestError(
    errors.map((error) => {
      const { message, locations, path } = error.toJSON();
      return { message, ...(locations && { locations }), ...(path && { path }), extensions: { code } };
    }),
  );
