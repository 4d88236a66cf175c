/** From the table of headers in API Gateway's "important notes", columns for Lambda. Function URLs do the same. */
const REMAPPED = new Set(
  'authorization connection content-md5 date max-forwards server user-agent www-authenticate'.split(' '),
);
const DROPPED = new Set(
  'expect host keep-alive proxy-authenticate te trailer transfer-encoding upgrade via'.split(' '),
);

/** The name under which a function's header reaches the client; none when it does not. */
export const outgoingName = (name: string): string | undefined => {
  const lower = name.toLowerCase();
  if (DROPPED.has(lower)) return undefined;
  return REMAPPED.has(lower) ? `x-amzn-Remapped-${name}` : name;
};
