import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
} from 'graphql';
import type { GraphSettings } from '../../shared/graph/settings';
import { type Cost, MOST_OBJECTS } from '../execute/cost';
import type { Excess } from '../execute/operation';
import { costOf } from './cost';
import { DOCUMENT_LIMITS, excess, excessOf, HARD_FACTOR } from './document-limits';
import type { Weights } from './weights';

/** What is known of a document before its caller's limits are asked, and before anything is validated or planned. */
export interface Examined {
  readonly document?: DocumentNode;
  /** The one that is to be run. */
  readonly operation?: OperationDefinitionNode;
  readonly isMutation?: boolean;
  readonly cost: Cost;
  /** Of variables that may decide on fields, and on what it costs. */
  readonly defaults?: Readonly<Record<string, boolean>>;
  /** Why nothing of it is run: a limit that it is over, or what makes it no GraphQL. */
  readonly excess?: Excess;
  readonly syntaxError?: GraphQLError;
  /** A limit that it is over, and run all the same. */
  readonly over?: Excess;
}

export type LimitMode = GraphSettings['limits'];

/** Never throws. */
export function examine(
  schema: GraphQLSchema,
  query: string,
  operationName?: string,
  { limits = 'enforce', weights }: { readonly limits?: LimitMode; readonly weights?: Weights | undefined } = {},
): Examined {
  const factor = limits === 'enforce' ? 1 : HARD_FACTOR;
  try {
    const document = parse(query, { maxTokens: DOCUMENT_LIMITS.tokens * factor });
    const excessive = excessOf(document, factor);
    if (excessive) return { cost: 1, excess: excessive };
    const over = factor > 1 ? excessOf(document) : undefined;
    const operation = operationOf(document, operationName);
    const common = { document, ...(over && { over }) };
    if (!operation) return { ...common, cost: 1 };
    const isMutation = operation.operation === OperationTypeNode.MUTATION;
    const cost = costOf(schema, document, operation, weights);
    return { ...common, operation, isMutation, cost, defaults: defaultsOf(operation) };
  } catch (error) {
    if (!(error instanceof GraphQLError)) return TOO_DEEP;
    return TOO_MANY_TOKENS.test(error.message)
      ? { cost: 1, excess: excess('tokens', factor) }
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
