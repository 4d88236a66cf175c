import type { GraphError } from './execute/run';

/** Why nothing of a request was run, as the caller is told it: GraphQL's "request error" (October 2021, section 7.1.2). */
export class RequestError extends Error {
  constructor(
    readonly errors: readonly GraphError[],
    /** A `limit` and a `document` are a 400 whatever the media type; for others GraphQL over HTTP says which status it is. */
    readonly kind: 'limit' | 'document' | 'other' = 'other',
  ) {
    super('the request cannot be run');
  }
}
