/** Readers for properties of unknown shape: templates, request bodies, files. */

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object itself, or an empty one. */
export const record = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : {});

/** CloudFormation and IAM write one value where a list may stand: both become a list, nothing becomes an empty one. */
export const list = (value: unknown): readonly unknown[] => {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
};

/** A string or undefined. */
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

/** JSON that may be anything at all; undefined when it is not JSON. */
export function json(source: string): unknown {
  try {
    const value: unknown = JSON.parse(source);
    return value;
  } catch {
    return undefined;
  }
}
