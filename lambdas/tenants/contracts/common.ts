import * as z from 'zod/mini';
import { Id } from '../../shared/http/id';

/** PostgreSQL takes no NUL and its JSON no half of a surrogate pair; no name needs a control character. */
const isText = (text: string) => !/[\p{Cc}\p{Cs}]/u.test(text);
const text = (least: number, most: number) =>
  z.string().check(z.trim(), z.minLength(least), z.maxLength(most), z.refine(isText));

export const Name = text(1, 200);
export const Description = text(0, 500);

/** A role of the house, or of the organisation. */
export const RoleName = z.string().check(z.regex(/^[a-z][a-z0-9_-]{0,62}$/));
/** Each role once, however often it is named. */
export const RoleNames = z.pipe(
  z.array(RoleName).check(z.minLength(1), z.maxLength(20)),
  z.transform((names) => [...new Set(names)]),
);

export const ById = z.strictObject({ id: Id });

/** What everything that has versions tells of itself. `version` is what its `ETag` says. */
export const versioned = { version: z.int(), createdAt: z.string(), updatedAt: z.string() };
