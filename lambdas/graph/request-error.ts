import type { GraphError } from './execute/run';

/** Why nothing of a request was run, as the caller is told it: GraphQL's "request error" (October 2021, section 7.1.2). */
export class RequestError extends Error {
  override readonly name = 'RequestError';

  constructor(
    readonly errors: readonly GraphError[],
    /** A `limit` and a `document` are a 400 whatever the media type; for others GraphQL over HTTP says which status it is. */
    readonly kind: 'limit' | 'document' | 'other' = 'other',
  ) {
    super('the request cannot be run');
  }
}

/** Of this class by its name: the planner's file is bundled by itself, and has a class of its own. */
export const isRequestError = (error: unknown): error is RequestError =>
  error instanceof Error && error.name === 'RequestError' && 'errors' in error;
