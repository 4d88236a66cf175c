import type { Range } from './address';

/*
 * A pattern that has been read: what compileFilter makes closures of, and explainFilter sentences.
 */

export type Scalar = string | number | boolean | null;

/** Where in a string its text must stand. */
export type Part = 'start' | 'end' | 'whole';

export type Matcher =
  | { readonly kind: 'equal'; readonly value: Scalar }
  | { readonly kind: 'text'; readonly part: Part; readonly text: string; readonly ignoresCase: boolean }
  /** What stands between the stars; one piece where there is none. */
  | { readonly kind: 'wildcard'; readonly pieces: readonly string[] }
  | { readonly kind: 'numeric'; readonly low: Bound; readonly high: Bound }
  | { readonly kind: 'cidr'; readonly range: Range }
  | { readonly kind: 'exists'; readonly wanted: boolean }
  | { readonly kind: 'none'; readonly of: readonly Matcher[] };

export interface Bound {
  readonly value: number;
  readonly included: boolean;
}

/** What a field's value may be: any of these. */
export interface Leaf {
  readonly kind: 'leaf';
  readonly matchers: readonly Matcher[];
}

/** Fields that must all fit, and one of the alternatives where there are any. */
export interface Fields {
  readonly kind: 'fields';
  readonly fields: readonly Field[];
  readonly alternatives: readonly Fields[];
  /** It asks for nothing but absence: among the elements of an array, no one may then have what must not exist. */
  readonly asksAbsence: boolean;
}

export interface Field {
  readonly key: string;
  readonly below: Fields | Leaf;
}
