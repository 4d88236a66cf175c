import Ajv, { type ErrorObject } from 'ajv/dist/2020';
import { linearPattern } from './linear-pattern';
import type { CheckPayload, PayloadSchema } from './payload-schema';

const MOST_FLAWS = 10;

/** `RegExp` would backtrack. Ajv reads `code` only where it writes files, which it does not here. */
const linear = Object.assign((pattern: string) => linearPattern(pattern), { code: 'linearPattern' });

/** A check of payloads. What it says first is the first thing that is wrong: to look for all of it has no bound. */
export function compileSchema(schema: PayloadSchema): CheckPayload {
  // What a schema may hold has been judged (payload-schema.ts); each gets an instance of its own, and leaves nothing behind.
  const ajv = new Ajv({
    strict: false,
    meta: false,
    validateSchema: false,
    validateFormats: false,
    addUsedSchema: false,
    allErrors: false,
    // A property that every object inherits is none of the payload's.
    ownProperties: true,
    logger: false,
    code: { regExp: linear },
  });
  const { $schema: _, ...rest } = schema;
  const validate = ajv.compile(rest);
  return (data) => {
    if (validate(data)) return [];
    return (validate.errors ?? [])
      .slice(0, MOST_FLAWS)
      .map(({ instancePath, ...error }) => ({ path: instancePath, detail: detailOf(error) }));
  };
}

function detailOf({ keyword, params, message = 'is not valid' }: Omit<ErrorObject, 'instancePath'>): string {
  if (keyword === 'additionalProperties')
    return `may not have the property ${JSON.stringify(params.additionalProperty)}`;
  if (keyword === 'enum') return `must be one of ${JSON.stringify(params.allowedValues)}`;
  if (keyword === 'const') return `must be ${JSON.stringify(params.allowedValue)}`;
  return message;
}
