const compiled = new Map<string, RegExp>();

/** Whether a pattern of IAM covers the whole value: `*` is any run of characters, `?` is one. */
export function glob(pattern: string, value: string, ignoreCase = false): boolean {
  const key = `${ignoreCase ? 'i' : 'c'}${pattern}`;
  const known = compiled.get(key);
  if (known) return known.test(value);
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, ignoreCase ? 'is' : 's');
  compiled.set(key, expression);
  return expression.test(value);
}
