import {
  type BreakingChange,
  BreakingChangeType,
  buildSchema,
  findBreakingChanges,
  findDangerousChanges,
  GraphQLSchema,
} from 'graphql';
import type { Changes } from './contract';
import { stricterRules } from './stricter-rules';

/** Of a graph that was composed; of none. */
export const comparedOf = (graph: { readonly schema: string; readonly supergraph: string } | undefined): Compared => ({
  apiSchema: graph?.schema ?? '',
  supergraph: graph?.supergraph ?? '',
});

export const NO_CHANGES: Changes = { breaking: [], dangerous: [] };
const MOST_CHANGES = 500;

/** A graph as callers meet it, and as it is composed. Both `''` where there is none. */
export interface Compared {
  readonly apiSchema: string;
  readonly supergraph: string;
}

/** What a caller notices when one graph takes the place of another. Where there was none, nothing can break. */
export function compare(before: Compared, after: Compared): Changes {
  if (before.apiSchema === '' || before.supergraph === after.supergraph) return NO_CHANGES;
  const [old, next] = [schemaOf(before.apiSchema), schemaOf(after.apiSchema)];
  const breaking = [
    ...findBreakingChanges(old, next).filter(isNoticed),
    ...stricterRules({ ...before, schema: old }, { ...after, schema: next }),
  ];
  return {
    breaking: breaking.slice(0, MOST_CHANGES),
    dangerous: findDangerousChanges(old, next).slice(0, MOST_CHANGES),
  };
}

/** graphql-js counts `Int` as removed with the last field that has it: whoever asked for that field is told of that already. */
const isNoticed = ({ type, description }: BreakingChange) =>
  !(type === BreakingChangeType.TYPE_REMOVED && description.startsWith('Standard scalar '));

/** Composition has checked it: nothing is checked again. */
const schemaOf = (sdl: string): GraphQLSchema =>
  sdl === '' ? new GraphQLSchema({}) : buildSchema(sdl, { assumeValid: true, assumeValidSDL: true, noLocation: true });
