const EXPOSED = [
  'x-request-id',
  'etag',
  'location',
  'retry-after',
  'x-next-cursor',
  'ratelimit',
  'ratelimit-policy',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-ratelimit-cost',
  'x-ratelimit-mode',
];

/** Headers that pages of another origin may send, beside those that any page may: all that functions read. */
export const ALLOWED = [
  'authorization',
  'content-type',
  'idempotency-key',
  'if-match',
  'x-api-key',
  'x-request-id',
  'traceparent',
  'tracestate',
  'x-cost',
  'graphql-client-name',
  'apollographql-client-name',
  // Apollo's clients send it with the name: a browser would refuse both.
  'apollographql-client-version',
  'apollo-require-preflight',
  'graphql-require-preflight',
  'x-apollo-operation-name',
];

/** What lets pages of `origin` read an answer (Fetch standard, CORS protocol): functions and the gateway send the same. */
export const corsHeaders = (origin: string) => ({
  'access-control-allow-origin': origin,
  'access-control-expose-headers': EXPOSED.join(','),
});
