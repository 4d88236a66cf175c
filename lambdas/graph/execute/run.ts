import type { Json } from './operation';

export type Path = readonly (string | number)[];

/** An error as the caller is told it. */
export interface GraphError {
  readonly message: string;
  readonly locations?: readonly { readonly line: number; readonly column: number }[];
  readonly path?: Path;
  readonly extensions?: Json;
}

/** What a subgraph answered, or an error in its place. */
export interface SubgraphAnswer {
  readonly data?: Data | null;
  readonly errors?: readonly GraphError[];
  /** It did not answer at all: asking again at once would not help. */
  readonly isAway?: boolean;
}

/**
 * Sends a GraphQL request (JSON text) to a subgraph, of an entity fetch for so many entities. Never rejects: a subgraph
 * that cannot answer is an answer with an error.
 */
export type Ask = (subgraph: string, body: string, entities?: number) => Promise<SubgraphAnswer>;

/** Entity fetches of one tick that say the same, sent as one. */
export interface Batch {
  /** JSON texts, each once. */
  readonly representations: string[];
  readonly indices: Map<string, number>;
  readonly answer: Promise<SubgraphAnswer>;
  /** Which entities of the answer somebody has put into the response already. */
  readonly taken: Set<number>;
  /** How many fetches it is for. */
  fetches: number;
}

/** One run of an operation. */
export interface Run {
  readonly ask: Ask;
  readonly variables: Json;
  /** The response as it grows. */
  readonly data: Data;
  readonly errors: GraphError[];
  /** Entity fetches that wait for others of the same tick, by their query and variables; made by the first of them. */
  waiting: Map<string, Batch> | undefined;
  /** Requests that are not yet answered. */
  inFlight: number;
}

/** On an object of a response that stands at several of its places. */
export const SHARED = Symbol('shared');

/** On such an object: the text of it, for the shape that it was written by. */
export const WRITTEN = Symbol('written');

/** An object of a subgraph's answer. */
export interface Data {
  [key: string]: unknown;
  [SHARED]?: true;
  [WRITTEN]?: { readonly shape: unknown; readonly text: string };
}

export const isObject = (value: unknown): value is Data =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
