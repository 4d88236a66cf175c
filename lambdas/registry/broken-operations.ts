import { buildSchema, type DocumentNode, type GraphQLError, type GraphQLSchema, Kind, parse, validate } from 'graphql';
import type { BrokenOperation } from './contract';
import type { Used } from './used-operations';

const MOST_ERRORS = 5;
const MOST_TOLD = 100;
/** Of the 28 s that the function has; composition before it takes up to 10. */
const LONGEST_MS = 8_000;

interface Broken {
  readonly operations: BrokenOperation[];
  /** How many were looked at: the most used ones, if there was no time for all. */
  readonly checked: number;
}

/** The operations that are valid in one API schema, and not in the one that is to take its place. */
export function brokenOperations(used: readonly Used[], before: string, after: string, nowMs: () => number): Broken {
  const [old, next] = [schemaOf(before), schemaOf(after)];
  const operations: BrokenOperation[] = [];
  const endMs = nowMs() + LONGEST_MS;
  let checked = 0;
  for (const { document, operationName, hash, count, lastSeenDay } of used) {
    if (nowMs() > endMs || operations.length >= MOST_TOLD) break;
    const parsed = parsedOf(document);
    if (!parsed) continue;
    checked += 1;
    const errors = validate(next, parsed, undefined, { maxErrors: MOST_ERRORS });
    // What is not valid today has been broken before.
    if (errors.length === 0 || !isValid(old, parsed)) continue;
    const name = operationName || nameIn(parsed);
    operations.push({ hash, name, count, lastSeenDay, errors: errors.map(told) });
  }
  return { operations, checked };
}

/** It was run once; what another release took for GraphQL is left out. */
function parsedOf(document: string): DocumentNode | undefined {
  try {
    return parse(document);
  } catch {
    return undefined;
  }
}

const schemaOf = (sdl: string): GraphQLSchema =>
  buildSchema(sdl, { assumeValid: true, assumeValidSDL: true, noLocation: true });

const isValid = (schema: GraphQLSchema, document: DocumentNode) =>
  validate(schema, document, undefined, { maxErrors: 1 }).length === 0;

/** Of the only operation of a document. */
function nameIn({ definitions }: DocumentNode): string | null {
  const operation = definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return operation?.name?.value ?? null;
}

const told = ({ message, locations = [] }: GraphQLError) => ({
  message,
  positions: locations.map(({ line, column }) => ({ line, column })),
});
