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

/** What lets pages of `origin` read an answer (Fetch standard, CORS protocol): functions and the gateway send the same. */
export const corsHeaders = (origin: string) => ({
  'access-control-allow-origin': origin,
  'access-control-expose-headers': EXPOSED.join(','),
});
