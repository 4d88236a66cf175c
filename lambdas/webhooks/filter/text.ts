import type { Part } from './pattern';

/** Code units by their lower case, filled as they are met: comparing allocates nothing. */
let folds: Uint16Array | undefined;

function foldBeyondAscii(code: number): number {
  folds ??= new Uint16Array(65_536);
  const known = folds[code];
  if (known) return known;
  const lower = String.fromCharCode(code).toLowerCase();
  // Case is a matter of single code units here, so that a text keeps its length: `İ` is only itself.
  const folded = lower.length === 1 ? lower.charCodeAt(0) : code;
  folds[code] = folded;
  return folded;
}

function foldUnit(code: number): number {
  if (code > 127) return foldBeyondAscii(code);
  return code >= 65 && code <= 90 ? code + 32 : code;
}

/** The text in the one spelling that stands for all of its cases. */
export const fold = (text: string): string =>
  text.replace(/[^]/g, (unit) => String.fromCharCode(foldUnit(unit.charCodeAt(0))));

function readsAt(value: string, start: number, folded: string): boolean {
  for (let at = 0; at < folded.length; at += 1)
    if (foldUnit(value.charCodeAt(start + at)) !== folded.charCodeAt(at)) return false;
  return true;
}

/** Whether `value` has the text (folded already) at its start, at its end, or is it, in any case. */
export function readsAs(value: string, part: Part, folded: string): boolean {
  const spare = value.length - folded.length;
  if (spare < 0 || (part === 'whole' && spare > 0)) return false;
  return readsAt(value, part === 'end' ? spare : 0, folded);
}

/**
 * Whether `value` is the pieces in their order, with anything between them. Each piece is looked for once, from where the
 * one before ended: what was passed is never looked at again, whatever the stars.
 */
export function fitsWildcard(value: string, pieces: readonly string[]): boolean {
  const last = pieces.length - 1;
  const head = pieces[0] ?? '';
  if (last === 0) return value === head;
  const tail = pieces[last] ?? '';
  const end = value.length - tail.length;
  let at = head.length;
  if (at > end || !value.startsWith(head) || !value.endsWith(tail)) return false;
  for (let next = 1; next < last; next += 1) {
    const piece = pieces[next] ?? '';
    const found = value.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

const ESCAPED = /\\([^])?/g;

/** The pieces between the stars of a wildcard, or what is wrong with it. */
export function piecesOf(wildcard: string): { pieces: string[] } | { fault: string } {
  for (const [escape, unit] of wildcard.matchAll(ESCAPED))
    if (unit !== '*' && unit !== '\\') return { fault: `has a backslash that escapes neither * nor \\: ${escape}` };
  const parts = wildcard.match(/\\[^]|\*|[^\\*]+/g) ?? [];
  const pieces = [''];
  for (const [index, part] of parts.entries()) {
    if (part === '*' && parts[index - 1] === '*') return { fault: 'has two stars in a row' };
    if (part === '*') pieces.push('');
    else pieces.push(`${pieces.pop()}${part.startsWith('\\') ? part.slice(1) : part}`);
  }
  return { pieces };
}
