import * as z from 'zod/mini';

/** Text that holds JSON. Its error does not quote the text, as that of JSON.parse does: the text may be a secret. */
export const fromJson = z.pipe(
  z.string(),
  z.transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.issues.push({ code: 'invalid_format', format: 'json', input: text });
      return z.NEVER;
    }
  }),
);
