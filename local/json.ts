/** Readers for values of unknown shape: templates, request bodies, answers of functions, files. */

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object itself; an empty one in place of anything else. */
export const object = (value: unknown): JsonObject => (isObject(value) ? value : {});

/** The items of a list; none when it is absent, one when a single thing stands where a list may (as AWS allows). */
export const list = (value: unknown): readonly unknown[] => {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
};

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** The strings of a list, or of one value where a list may stand. */
export const texts = (value: unknown): readonly string[] => list(value).filter((item) => typeof item === 'string');

/** A number, also when a template holds it as a string. */
export const number = (value: unknown): number | undefined => {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : undefined;
};

/** A boolean, also when a template holds it as a string. */
export const flag = (value: unknown): boolean => value === true || value === 'true';

/** The members that are strings (headers, templates, variables); numbers and booleans are written out, as CloudFormation does. */
export const textMembers = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(object(value)).flatMap(([name, member]) =>
      typeof member === 'string' || typeof member === 'number' || typeof member === 'boolean'
        ? [[name, String(member)]]
        : [],
    ),
  );

/** JSON that may be anything at all; undefined when it is not JSON. */
export const parseJson = (source: string): unknown => {
  try {
    const value: unknown = JSON.parse(source);
    return value;
  } catch {
    return undefined;
  }
};
