import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
} from 'graphql';
import { type Cost, MOST_OBJECTS } from '../execute/cost';
import { costOf } from './cost';
import { DOCUMENT_LIMITS, type Excess, excess, excessOf } from './document-limits';
import type { Weights } from './weights';

/** What is known of a document before its caller's limits are asked, and before anything is validated or planned. */
export interface Examined {
  readonly document?: DocumentNode;
  /** The one that is to be run. */
  readonly operation?: OperationDefinitionNode;
  readonly cost: Cost;
  /** Of variables that may decide on fields, and on what it costs. */
  readonly defaults?: Readonly<Record<string, boolean>>;
  /** Why nothing of it is run: a limit that it is over, or what makes it no GraphQL. */
  readonly excess?: Excess;
  readonly syntaxError?: GraphQLError;
}

/** Never throws. */
export function examine(schema: GraphQLSchema, query: string, operationName?: string, weights?: Weights): Examined {
  try {
    const document = parse(query, { maxTokens: DOCUMENT_LIMITS.tokens });
    const over = excessOf(document);
    if (over) return { cost: 1, excess: over };
    const operation = operationOf(document, operationName);
    if (!operation) return { document, cost: 1 };
    return { document, operation, cost: costOf(schema, document, operation, weights), defaults: defaultsOf(operation) };
  } catch (error) {
    if (!(error instanceof GraphQLError)) return TOO_DEEP;
    return TOO_MANY_TOKENS.test(error.message)
      ? { cost: 1, excess: excess('tokens') }
      : { cost: 1, syntaxError: error };
  }
}

/** Deeper than the stack of a parser or a counter: no bucket holds so much. */
const TOO_DEEP: Examined = { cost: MOST_OBJECTS, excess: excess('depth') };

/** graphql's parser says it by its message alone; other messages quote the document, but never begin like this. */
const TOO_MANY_TOKENS = /^Syntax Error: Document contains more /;

/** Of several operations the one of this name; without a name there must be one alone. */
function operationOf({ definitions }: DocumentNode, name: string | undefined): OperationDefinitionNode | undefined {
  const operations = definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (name === undefined) return operations.length === 1 ? operations[0] : undefined;
  return operations.find((operation) => operation.name?.value === name);
}

function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Readonly<Record<string, boolean>> {
  return Object.fromEntries(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue?.kind === Kind.BOOLEAN ? [[variable.name.value, defaultValue.value]] : [],
    ),
  );
}
