/*
 * Which operations the graph has run, by day. Redis alone has it: it is told to who checks a change, and is no record of
 * anything. A field is an operation of a document, its value how often it was run.
 */

/** So many days back a check looks. */
export const USAGE_DAYS = 30;
export const DAY_SECONDS = 24 * 60 * 60;
export const USAGE_SECONDS = (USAGE_DAYS + 1) * DAY_SECONDS;

/** A day in UTC: `2026-11-24`. */
export const dayOf = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 'yyyy-mm-dd'.length);

export const usageKey = (day: string): string => `graph:usage:${day}`;
/** The text of a document that was run, by its SHA-256. */
export const usedDocumentKey = (hash: string): string => `graph:usage:document:${hash}`;

/** One operation of a document; documents may hold several. */
export interface UsedOperation {
  readonly hash: string;
  readonly operationName: string;
}
export const fieldOf = ({ hash, operationName }: UsedOperation): string => `${hash}:${operationName}`;

const HASH_DIGITS = 64;
export const operationOf = (field: string): UsedOperation => ({
  hash: field.slice(0, HASH_DIGITS),
  operationName: field.slice(HASH_DIGITS + 1),
});
