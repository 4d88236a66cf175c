/*
 * The part of the syntax of regular expressions (ECMA-262, flag u) that runs in linear time: no look-around, no
 * back-references, no word boundaries, no properties of Unicode, no named groups.
 */

export type Ranges = readonly (readonly [first: number, last: number])[];

export type PatternNode =
  | { readonly kind: 'one'; readonly ranges: Ranges; readonly negated: boolean }
  | { readonly kind: 'start' }
  | { readonly kind: 'end' }
  | { readonly kind: 'sequence'; readonly of: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly of: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly of: PatternNode; readonly least: number; readonly most: number };

/** What is wrong with a pattern. */
export class PatternFault extends Error {}

const LAST = 0x10_ff_ff;
const DIGITS: Ranges = [[48, 57]];
const WORD: Ranges = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
]; // prettier-ignore
const SPACE: Ranges = [
  [9, 13],
  [32, 32],
  [160, 160],
  [5760, 5760],
  [8192, 8202],
  [8232, 8233],
  [8239, 8239],
  [8287, 8287],
  [12_288, 12_288],
  [65_279, 65_279],
]; // prettier-ignore
const LINE_ENDS: Ranges = [
  [10, 10],
  [13, 13],
  [8232, 8233],
]; // prettier-ignore
const CLASSES: Readonly<Record<string, Ranges>> = { d: DIGITS, w: WORD, s: SPACE };
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 };

const TOKEN = /\\u\{[0-9a-f]+\}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\[^]|\(\?:|\(\?<?[^:]?|\{\d+(?:,\d*)?\}|[^]/giu;

/** Reads a pattern that `RegExp` takes; throws a `PatternFault` for what is not of this syntax. */
export function readPatternSyntax(pattern: string): PatternNode {
  const tokens = pattern.match(TOKEN) ?? [];
  let at = 0;
  const peek = () => tokens[at];
  const take = () => tokens[at++] ?? '';

  const choice = (): PatternNode => {
    const of = [sequence()];
    while (peek() === '|') {
      take();
      of.push(sequence());
    }
    return of.length === 1 && of[0] ? of[0] : { kind: 'choice', of };
  };
  const sequence = (): PatternNode => {
    const of: PatternNode[] = [];
    for (let next = peek(); next !== undefined && next !== '|' && next !== ')'; next = peek())
      of.push(repeated(atom()));
    return { kind: 'sequence', of };
  };
  const repeated = (of: PatternNode): PatternNode => {
    const bounds = boundsOf(peek());
    if (!bounds) return of;
    take();
    // A lazy repetition fits the same texts.
    if (peek() === '?') take();
    return { kind: 'repeat', of, ...bounds };
  };
  const atom = (): PatternNode => {
    const token = take();
    if (token === '(' || token === '(?:') {
      const inner = choice();
      take();
      return inner;
    }
    if (token.startsWith('(')) throw new PatternFault(`has a group of a kind that is not taken here: ${token}`);
    if (token === '^') return { kind: 'start' };
    if (token === '$') return { kind: 'end' };
    if (token === '.') return { kind: 'one', ranges: LINE_ENDS, negated: true };
    return token === '[' ? set() : { kind: 'one', ranges: rangesOf(token), negated: false };
  };
  const set = (): PatternNode => {
    const negated = peek() === '^';
    if (negated) take();
    const ranges: (readonly [number, number])[] = [];
    while (peek() !== ']') {
      const low = rangesOf(take());
      const isRange = peek() === '-' && tokens[at + 1] !== ']';
      if (isRange) take();
      const high = isRange ? rangesOf(take()) : low;
      if (isRange) ranges.push([low[0]?.[0] ?? 0, high[0]?.[1] ?? 0]);
      else ranges.push(...low);
    }
    take();
    return { kind: 'one', ranges, negated };
  };
  return choice();
}

function boundsOf(token: string | undefined): { least: number; most: number } | undefined {
  if (token === '*') return { least: 0, most: Number.POSITIVE_INFINITY };
  if (token === '+') return { least: 1, most: Number.POSITIVE_INFINITY };
  if (token === '?') return { least: 0, most: 1 };
  const [, least, comma, most] = /^\{(\d+)(,?)(\d*)\}$/.exec(token ?? '') ?? [];
  if (least === undefined) return undefined;
  if (comma === '') return { least: Number(least), most: Number(least) };
  return { least: Number(least), most: most === '' ? Number.POSITIVE_INFINITY : Number(most) };
}

/** The characters that one token stands for. */
function rangesOf(token: string): Ranges {
  if (!token.startsWith('\\')) return single(token.codePointAt(0) ?? 0);
  const name = token.slice(1);
  const code = /^(?:u\{?|x)([0-9a-f]+)/i.exec(name)?.[1];
  if (code !== undefined) return single(Number.parseInt(code, 16));
  const known = Object.hasOwn(CLASSES, name.toLowerCase()) ? CLASSES[name.toLowerCase()] : undefined;
  if (known) return name === name.toLowerCase() ? known : complement(known);
  if (Object.hasOwn(CONTROLS, name)) return single(CONTROLS[name] ?? 0);
  if (/\w/.test(name)) throw new PatternFault(`has an escape that is not taken here: ${token}`);
  return single(name.codePointAt(0) ?? 0);
}

const single = (code: number): Ranges => [[code, code]];

function complement(ranges: Ranges): Ranges {
  const starts = [0, ...ranges.map(([, last]) => last + 1)];
  return starts.map((first, index) => [first, (ranges[index]?.[0] ?? LAST + 1) - 1] as const);
}
