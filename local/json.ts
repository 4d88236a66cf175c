/** A JSON object from outside, its members not yet looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The members of an object; none when it is absent or something else. */
export const object = (value: unknown): JsonObject => (isObject(value) ? value : {});

/** The items of a list; none when it is absent, one when a single thing stands where a list may (as AWS allows). */
export const list = (value: unknown): readonly unknown[] => {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
};

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** A number, also when CloudFormation wrote it as a string. */
export const number = (value: unknown): number | undefined => {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value)) ? Number(value) : undefined;
};

/** The members that are strings (headers, templates, variables); numbers and booleans are written out, as CloudFormation does. */
export const texts = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(object(value)).flatMap(([name, member]) =>
      typeof member === 'string' || typeof member === 'number' || typeof member === 'boolean'
        ? [[name, String(member)]]
        : [],
    ),
  );
