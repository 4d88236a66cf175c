import {
  type BreakingChange,
  BreakingChangeType,
  buildSchema,
  findBreakingChanges,
  findDangerousChanges,
  GraphQLSchema,
} from 'graphql';
import type { Changes } from './contract';

export const NO_CHANGES: Changes = { breaking: [], dangerous: [] };
const MOST_CHANGES = 500;

/**
 * What a caller notices when one API schema takes the place of another.
 * @param before SDL; `''` where there was none, of which nothing can break
 */
export function compare(before: string, after: string): Changes {
  if (before === '' || before === after) return NO_CHANGES;
  const [old, next] = [schemaOf(before), schemaOf(after)];
  return {
    breaking: findBreakingChanges(old, next).filter(isNoticed).slice(0, MOST_CHANGES),
    dangerous: findDangerousChanges(old, next).slice(0, MOST_CHANGES),
  };
}

/** graphql-js counts `Int` as removed with the last field that has it: whoever asked for that field is told of that already. */
const isNoticed = ({ type, description }: BreakingChange) =>
  !(type === BreakingChangeType.TYPE_REMOVED && description.startsWith('Standard scalar '));

/** Composition has checked it: nothing is checked again. */
const schemaOf = (sdl: string): GraphQLSchema =>
  sdl === '' ? new GraphQLSchema({}) : buildSchema(sdl, { assumeValid: true, assumeValidSDL: true, noLocation: true });
