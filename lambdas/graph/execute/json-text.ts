/** Longer ones are quicker to hand to JSON than to look through. */
const SHORT = 64;
/** What JSON writes otherwise than it stands there: control characters, quotes, and halves of surrogate pairs. */
// oxlint-disable-next-line no-control-regex
const SPECIAL = /[\u0000-\u001f"\\\ud800-\udfff]/;

/** As `JSON.stringify` of a value that came of JSON; faster for what most values are. */
export function textOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length < SHORT && !SPECIAL.test(value) ? `"${value}"` : JSON.stringify(value);
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null';
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      return JSON.stringify(value) ?? 'null';
  }
}
