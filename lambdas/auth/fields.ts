import * as z from 'zod/mini';

/** RFC 6749 appendix A has no control characters in any field; PostgreSQL takes no NUL. */
export const isText = (field: string) => !/\p{Cc}/u.test(field);
export const Field = z.string().check(z.minLength(1), z.maxLength(1024), z.refine(isText));

export const NO_STORE = { 'cache-control': 'no-store' } as const;
