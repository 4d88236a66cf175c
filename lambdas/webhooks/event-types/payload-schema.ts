import * as z from 'zod/mini';
import { expandSchema, SCHEMA_LIMITS, type Schema } from './expand-schema';
import { bytesOf } from './json-size';

const MOST_FLAWS = 10;

/**
 * The schema of a payload: JSON Schema 2020-12, of which it may use what schema-keywords.ts names. References lead to its
 * own `$defs` and never back, so that whatever it is held against, it comes to an end: in a time that is at most its size
 * times that of the payload.
 */
export const PayloadSchema = z.record(z.string(), z.unknown()).check(({ value, issues }) => {
  const { flaws } = expandSchema(value);
  for (const { path, detail } of flaws.slice(0, MOST_FLAWS))
    issues.push({ code: 'custom', path: [...path], message: detail, input: value });
  if (flaws.length === 0 && bytesOf(value) > SCHEMA_LIMITS.bytes)
    issues.push({ code: 'custom', path: [], message: `must be at most ${SCHEMA_LIMITS.bytes} bytes`, input: value });
});
export type PayloadSchema = Readonly<z.output<typeof PayloadSchema>>;

/** The schema, references replaced. Throws where it has not come through `PayloadSchema`. */
export function expanded(given: PayloadSchema): Schema {
  const { schema, flaws } = expandSchema(given);
  const [first] = flaws;
  if (first) throw new TypeError(`schema.${first.path.map(String).join('.')} ${first.detail}`);
  return schema;
}

/** What is wrong with a payload, at most so many times. */
export interface PayloadFlaw {
  /** A JSON Pointer (RFC 6901). */
  readonly path: string;
  readonly detail: string;
}

export type CheckPayload = (data: unknown) => readonly PayloadFlaw[];

/** The compiler of schemas: a file of its own, which a function that never validates never reads. */
export const schemaCompiler = async (): Promise<(schema: PayloadSchema) => CheckPayload> =>
  (await import('./compile-schema.lazy')).compileSchema;
