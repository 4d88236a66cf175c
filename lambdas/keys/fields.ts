import * as z from 'zod/mini';
import { PERMISSIONS } from '../shared/access/permissions';
import { refuse } from '../shared/errors';
import { LimitOverride, PLAN_NAMES } from '../shared/limits/plans';

/** What keys and clients have in common. */

/** PostgreSQL takes no NUL, and a list no line breaks. */
export const NameText = z.string().check(z.minLength(1), z.maxLength(200), z.regex(/^\P{Cc}+$/u));

export const Scopes = z.array(z.enum(PERMISSIONS)).check(z.minLength(1), z.maxLength(PERMISSIONS.length));

/** What a key or a client has in place of its organisation's plan, and in place of its plan's figures. */
export const ownPlan = {
  plan: z.optional(z.nullable(z.enum(PLAN_NAMES))),
  limits: z.optional(z.nullable(LimitOverride)),
};
/** The same as it is shown. */
export const shownPlan = { plan: z.nullable(z.string()), limits: z.nullable(LimitOverride) };

const LONGEST_OVERLAP_SECONDS = 604_800;
export const DEFAULT_OVERLAP_SECONDS = 86_400;
/** How long the one before goes on. */
export const Overlap = z.optional(z.int().check(z.gte(0), z.lte(LONGEST_OVERLAP_SECONDS)));

/** Of answers that show a secret. */
export const SECRET_HEADERS = { 'cache-control': 'no-store' };

/** Refuses a property for a reason that only the operation can know, in the words of those that the schema refuses. */
export const wrong = (name: string, detail: string): never =>
  refuse('bad_request', `body: ${name} ${detail}`, { extensions: { errors: [{ in: 'body', name, detail }] } });

export function assertFuture(expiresAt: string | null | undefined, nowMs: number): void {
  if (expiresAt && Date.parse(expiresAt) <= nowMs) wrong('expiresAt', 'must be in the future');
}

/** A change that names nothing is a mistake of the caller's. */
export function assertNamesSomething(patch: object): void {
  if (Object.keys(patch).length === 0) refuse('bad_request', 'body: names nothing to change');
}
