import type { Cost } from './cost';

/*
 * A known operation: everything that running it takes, as JSON, so that an environment that finds it in Redis needs neither
 * the schema nor GraphQL's parser. `planning` makes it, once for all environments; `execute` runs it.
 */

/** Of a response's field or of a variable, from the outside in: `[` a list, `!` not null. `[T!]!` is `![!`. */
export type Wrapping = string;

export type Json = Readonly<Record<string, unknown>>;

/** Holds when the variable is as wanted (`@include` wants true, `@skip` false). */
export type Condition = readonly [variable: string, wanted: boolean];

/** One key of an object of the response. */
export interface Field {
  readonly key: string;
  /** Where it is: all conditions of one of the alternatives hold. Absent: always. */
  readonly when?: readonly (readonly Condition[])[];
  /** `__typename`: the name, or null where the type is abstract, as no object is of such a type. */
  readonly typename?: string | null;
  /** The JSON text of what is known already: introspection. */
  readonly text?: string;
  /** Else: its type, and what is in it. */
  readonly wrap?: Wrapping;
  readonly type?: string;
  /** What is in it where it is an object: an index of `Operation.shapes`. */
  readonly shape?: number;
  /** For the words of an error: `Product.name`. */
  readonly of?: string;
  /** Null whatever subgraphs say: the caller may not see it. */
  readonly isWithheld?: boolean;
  /** What it costs each time that it is asked for, and what each value of it does that is no object: where the schema says so. */
  readonly asked?: Cost;
  readonly weight?: number;
}

/** The fields of an object, by its type. */
export interface Shape {
  readonly types: Readonly<Record<string, readonly Field[]>>;
  /** Of an object that does not say its type. */
  readonly untyped: readonly Field[];
  /** What an object of a type costs, where it is not one; by `''` where it does not say its type. */
  readonly weights?: Readonly<Record<string, number>>;
}

/** The parts of @apollo/query-planner's plan that say what a representation takes of an entity. */
export type Requirement =
  | { readonly kind: 'Field'; readonly name: string; readonly alias?: string; readonly selections?: Requirement[] }
  | { readonly kind: 'InlineFragment'; readonly typeCondition?: string; readonly selections: Requirement[] };

export type Rewrite =
  | { readonly kind: 'ValueSetter'; readonly path: string[]; readonly setValueTo: unknown }
  | { readonly kind: 'KeyRenamer'; readonly path: string[]; readonly renameKeyTo: string };

/** One request to one subgraph; with `requires`, for entities that other subgraphs have told of. */
export interface Fetch {
  readonly kind: 'Fetch';
  readonly subgraph: string;
  readonly query: string;
  readonly operationName?: string;
  /** The caller's variables that it takes along. */
  readonly variables: readonly string[];
  readonly requires?: readonly Requirement[];
  readonly inputRewrites?: readonly Rewrite[];
  readonly outputRewrites?: readonly Rewrite[];
}

export type Plan =
  | { readonly kind: 'Sequence' | 'Parallel'; readonly nodes: readonly Plan[] }
  /** `@` stands for each element of a list. */
  | { readonly kind: 'Flatten'; readonly path: readonly string[]; readonly node: Plan }
  | { readonly kind: 'Condition'; readonly variable: string; readonly ifTrue?: Plan; readonly ifFalse?: Plan }
  | Fetch;

/** What the schema asks of who sees a field: to be signed in, or all names of one of the alternatives. */
export type Rule =
  | { readonly kind: 'authenticated' }
  | { readonly kind: 'scopes' | 'policies'; readonly anyOf: readonly (readonly string[])[] };

/** A field that the caller may not see. In its path `@` stands for each element of a list. */
export interface Withheld {
  readonly path: readonly string[];
  /** Whether it was asked for: all of these hold. */
  readonly when: readonly Condition[];
}

/** What a variable may hold. */
export interface Variable {
  readonly name: string;
  readonly wrap: Wrapping;
  readonly type: string;
  readonly hasDefault?: boolean;
  /** `@skip` and `@include` have no use for null. */
  readonly isCondition?: boolean;
}

/** An input object's fields; `isOneOf`: just one of them. */
export interface Input {
  readonly fields: readonly Variable[];
  readonly isOneOf?: boolean;
}

/** A limit that a document is over. */
export interface Excess {
  readonly code: string;
  readonly message: string;
}

export interface Operation {
  readonly cost: Cost;
  /** It was learned while limits were only observed: it is not run once they are enforced. */
  readonly over?: Excess;
  readonly kind: 'query' | 'mutation';
  /** Nothing to fetch where it asks for introspection or `__typename` alone. */
  readonly plan?: Plan;
  /** The first one is the root's. */
  readonly shapes: readonly Shape[];
  readonly variables: readonly Variable[];
  /** Default values of the variables that decide on fields. */
  readonly defaults: Readonly<Record<string, boolean>>;
  /** Input objects and enums by name; a name that is in neither is a scalar's. */
  readonly inputs: Readonly<Record<string, Input>>;
  readonly enums: Readonly<Record<string, readonly string[]>>;
  /** The types that meet each condition of the plan: what names an abstract type is met by others than itself. */
  readonly conditions: Readonly<Record<string, readonly string[]>>;
  /** What its fields ask of the caller. Absent where they ask nothing, as in most graphs. */
  readonly rules?: readonly Rule[];
  /** Of the variant for callers that do not meet some of the rules: the fields that it leaves out. */
  readonly withheld?: readonly Withheld[];
}
