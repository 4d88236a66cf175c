/** What lets pages of `origin` read an answer (Fetch standard, CORS protocol): functions and the gateway send the same. */
export const corsHeaders = (origin: string) => ({
  'access-control-allow-origin': origin,
  'access-control-expose-headers': 'x-request-id,etag,location,retry-after,x-next-cursor',
});
