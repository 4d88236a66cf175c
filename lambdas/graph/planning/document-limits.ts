import { type DocumentNode, Kind, type SelectionNode, type SelectionSetNode, TokenKind } from 'graphql';
import type { Excess } from '../execute/operation';

/*
 * How large a GraphQL document may be, whatever it would cost: validation and planning take time by these sizes, before
 * any subgraph is called. Fragments count as often as they are spread, each measured once.
 */

/** More than people write, and far less than it takes to keep a planner busy. */
export const DOCUMENT_LIMITS = {
  tokens: 10_000,
  depth: 25,
  fields: 2_000,
  rootFields: 100,
  aliases: 500,
  directives: 200,
  fragments: 200,
} as const;
/** So many times a limit is refused whatever the settings say: they are for looking, not for keeping a planner busy. */
export const HARD_FACTOR = 4;
type LimitName = keyof typeof DOCUMENT_LIMITS;

/** Stable: callers may act on it. */
const CODES: Readonly<Record<LimitName, string>> = {
  tokens: 'TOO_MANY_TOKENS',
  depth: 'TOO_DEEP',
  fields: 'TOO_MANY_FIELDS',
  rootFields: 'TOO_MANY_ROOT_FIELDS',
  aliases: 'TOO_MANY_ALIASES',
  directives: 'TOO_MANY_DIRECTIVES',
  fragments: 'TOO_MANY_FRAGMENTS',
};
const WORDS: Readonly<Record<LimitName, string>> = {
  tokens: 'tokens',
  depth: 'levels of fields',
  fields: 'fields',
  rootFields: 'fields at the root',
  aliases: 'aliases',
  directives: 'directives',
  fragments: 'fragments and spreads of them',
};

export const excess = (name: LimitName, factor = 1): Excess => ({
  code: CODES[name],
  message: `The document may have ${DOCUMENT_LIMITS[name] * factor} ${WORDS[name]} at most.`,
});

/** The first limit, times this factor, that the document is over; nothing for one that is over none. */
export function excessOf(document: DocumentNode, factor = 1): Excess | undefined {
  const sizes = { ...new Measuring(document).sizes(), tokens: tokensIn(document) };
  const names = ['tokens', 'fragments', 'directives', 'aliases', 'depth', 'rootFields', 'fields'] as const;
  const over = names.find((name) => sizes[name] > DOCUMENT_LIMITS[name] * factor);
  return over && excess(over, factor);
}

/** As the parser counts them. */
function tokensIn({ loc }: DocumentNode): number {
  let count = 0;
  for (let token = loc?.startToken.next; token && token.kind !== TokenKind.EOF; token = token.next)
    if (token.kind !== TokenKind.COMMENT) count += 1;
  return count;
}

interface Size {
  readonly depth: number;
  readonly fields: number;
  /** Of this level alone. */
  readonly level: number;
}
const NOTHING: Size = { depth: 0, fields: 0, level: 0 };
/** Sums stop here: fragments that double at each level pass every number. */
const MOST = 1_000_000;

class Measuring {
  private readonly fragments: ReadonlyMap<string, SelectionSetNode>;
  private readonly measured = new Map<SelectionSetNode, Size>();
  private aliases = 0;
  private directives = 0;
  private spreads = 0;

  constructor(private readonly document: DocumentNode) {
    this.fragments = new Map(
      document.definitions.flatMap((definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition.selectionSet]] : [],
      ),
    );
  }

  sizes(): Readonly<Record<Exclude<LimitName, 'tokens'>, number>> {
    let [depth, fields, rootFields] = [0, 0, 0];
    for (const definition of this.document.definitions) {
      if (!('selectionSet' in definition)) continue;
      this.directives += definition.directives?.length ?? 0;
      const size = this.of(definition.selectionSet);
      if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
      depth = Math.max(depth, size.depth);
      fields = Math.max(fields, size.fields);
      rootFields = Math.max(rootFields, size.level);
    }
    const { aliases, directives, spreads } = this;
    return { depth, fields, rootFields, aliases, directives, fragments: this.fragments.size + spreads };
  }

  private of(selectionSet: SelectionSetNode): Size {
    const known = this.measured.get(selectionSet);
    if (known) return known;
    // A fragment that spreads itself finds this: validation refuses it.
    this.measured.set(selectionSet, NOTHING);
    let [depth, fields, level] = [0, 0, 0];
    for (const selection of selectionSet.selections) {
      const size = this.ofSelection(selection);
      depth = Math.max(depth, size.depth);
      fields = Math.min(MOST, fields + size.fields);
      level = Math.min(MOST, level + size.level);
    }
    const size = { depth, fields, level };
    this.measured.set(selectionSet, size);
    return size;
  }

  private ofSelection(selection: SelectionNode): Size {
    this.directives += selection.directives?.length ?? 0;
    if (selection.kind === Kind.INLINE_FRAGMENT) return this.of(selection.selectionSet);
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      this.spreads += 1;
      const spread = this.fragments.get(selection.name.value);
      return spread ? this.of(spread) : NOTHING;
    }
    if (selection.alias) this.aliases += 1;
    const below = selection.selectionSet ? this.of(selection.selectionSet) : NOTHING;
    return { depth: below.depth + 1, fields: Math.min(MOST, below.fields + 1), level: 1 };
  }
}
