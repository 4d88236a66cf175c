/** Makes a value when it is first needed: a schema that few requests meet costs no cold start. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
