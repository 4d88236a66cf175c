import { type DocumentNode, GraphQLError, type GraphQLSchema, parse } from 'graphql';
import { type Asked, costOf, MOST_COST } from './cost';
import { DOCUMENT_LIMITS, type Excess, excess, excessOf } from './document-limits';

/** What is known of a request before its caller's limits are asked, and before anything is validated or planned. */
export interface Examined {
  /** Whole tokens, at least 1. */
  readonly cost: number;
  /** The limit that its document is over: then it is refused, and has cost 1. */
  readonly excess?: Excess;
}

const CHEAP: Examined = { cost: 1 };

/** Never throws: what is no GraphQL costs 1, and the executor says what is wrong. */
export function examine(schema: GraphQLSchema, asked: Asked): Examined {
  try {
    const document = parsed(asked.query);
    if (!('kind' in document)) return { cost: 1, excess: document };
    const over = excessOf(document);
    return over ? { cost: 1, excess: over } : { cost: costOf(schema, document, asked) };
  } catch (error) {
    // Deeper than the stack of a parser or a counter: no bucket holds so much.
    return error instanceof GraphQLError ? CHEAP : { cost: MOST_COST };
  }
}

/** graphql's parser says it by its message alone; other messages quote the document, but never begin like this. */
const TOO_MANY_TOKENS = /^Syntax Error: Document contains more /;

function parsed(query: string): DocumentNode | Excess {
  try {
    return parse(query, { noLocation: true, maxTokens: DOCUMENT_LIMITS.tokens });
  } catch (error) {
    if (error instanceof GraphQLError && TOO_MANY_TOKENS.test(error.message)) return excess('tokens');
    throw error;
  }
}
