import { PatternFault, type PatternNode, type Ranges, readPatternSyntax } from './pattern-syntax';

/*
 * Patterns come from tenants, and the texts they are held against from others. A backtracking engine can be made to take
 * years; here all ways through a pattern are followed at once (Thompson, "Regular expression search algorithm", 1968), so a
 * text costs at most its length times the steps of the pattern.
 */

const LONGEST_PATTERN = 256;
const MOST_STEPS = 256;
/** Repetitions of nothing make no steps, and are work all the same. */
const MOST_WORK = 5_000;

type Step =
  | { readonly kind: 'one'; readonly ascii: Uint8Array; readonly ranges: Ranges; readonly negated: boolean }
  | { readonly kind: 'start' }
  | { readonly kind: 'end' }
  | { readonly kind: 'found' }
  /** On to the next, and to all of these. */
  | { readonly kind: 'fork'; to: number }
  | { readonly kind: 'jump'; to: number };

export interface LinearPattern {
  /** What a character may cost. */
  readonly steps: number;
  test(text: string): boolean;
}

/** Throws a `PatternFault` for what is no pattern, or one that cannot be held against a text in linear time. */
export function linearPattern(pattern: string): LinearPattern {
  if (pattern.length > LONGEST_PATTERN) throw new PatternFault(`must be at most ${LONGEST_PATTERN} characters`);
  if (!isExpression(pattern)) throw new PatternFault('must be a regular expression of ECMA-262 with the flag u');
  const steps = assemble(readPatternSyntax(pattern));
  return { steps: steps.length, test: (text) => isFound(steps, text) };
}

/** `RegExp` knows the syntax, so that the reader need not; nothing is ever held against it. */
function isExpression(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').unicode;
  } catch {
    return false;
  }
}

function assemble(root: PatternNode): readonly Step[] {
  const steps: Step[] = [];
  let work = 0;
  const emit = <S extends Step>(step: S): S => {
    if (steps.push(step) > MOST_STEPS) throw new PatternFault('repeats too much: it has too many steps');
    return step;
  };
  const lay = (node: PatternNode): void => {
    work += 1;
    if (work > MOST_WORK) throw new PatternFault('repeats too much: it has too many steps');
    if (node.kind === 'sequence') for (const each of node.of) lay(each);
    else if (node.kind === 'choice') layChoice(node.of);
    else if (node.kind === 'repeat') layRepeat(node);
    else emit(node.kind === 'one' ? { ...node, ascii: asciiOf(node) } : node);
  };
  const layChoice = ([first, ...rest]: readonly PatternNode[]): void => {
    if (!first) return;
    if (rest.length === 0) return lay(first);
    const fork = emit({ kind: 'fork', to: 0 });
    lay(first);
    const jump = emit({ kind: 'jump', to: 0 });
    fork.to = steps.length;
    layChoice(rest);
    jump.to = steps.length;
  };
  const layRepeat = ({ of, least, most }: Extract<PatternNode, { kind: 'repeat' }>): void => {
    for (let time = 0; time < least; time += 1) lay(of);
    if (most === Number.POSITIVE_INFINITY) {
      const start = steps.length;
      const fork = emit({ kind: 'fork', to: 0 });
      lay(of);
      emit({ kind: 'jump', to: start });
      fork.to = steps.length;
      return;
    }
    const forks = [];
    for (let time = least; time < most; time += 1) {
      forks.push(emit({ kind: 'fork', to: 0 }));
      lay(of);
    }
    for (const fork of forks) fork.to = steps.length;
  };
  lay(root);
  steps.push({ kind: 'found' });
  return steps;
}

/** The steps that the ways through the pattern have come to, each once. */
interface Front {
  readonly steps: Uint16Array;
  /** By step, the round in which it was last added. */
  readonly added: Uint32Array;
  size: number;
}

function isFound(steps: readonly Step[], text: string): boolean {
  const front = (): Front => ({ steps: new Uint16Array(steps.length), added: new Uint32Array(steps.length), size: 0 });
  let here = front();
  let next = front();
  let round = 0;
  for (let at = 0; ; ) {
    round += 1;
    // A match may begin anywhere.
    if (reach(steps, 0, here, round, at, text.length)) return true;
    if (at >= text.length) return false;
    const code = text.codePointAt(at) ?? 0;
    at += code > 0xffff ? 2 : 1;
    next.size = 0;
    for (let index = 0; index < here.size; index += 1) {
      const step = here.steps[index] ?? 0;
      if (takes(steps[step], code) && reach(steps, step + 1, next, round + 1, at, text.length)) return true;
    }
    [here, next] = [next, here];
  }
}

/** Adds a step, and all that it leads to without a character; says whether that is the end. */
function reach(steps: readonly Step[], to: number, front: Front, round: number, at: number, length: number): boolean {
  if (front.added[to] === round) return false;
  front.added[to] = round;
  const step = steps[to];
  if (!step || step.kind === 'found') return true;
  if (step.kind === 'one') {
    front.steps[front.size] = to;
    front.size += 1;
    return false;
  }
  if (step.kind === 'start') return at === 0 && reach(steps, to + 1, front, round, at, length);
  if (step.kind === 'end') return at === length && reach(steps, to + 1, front, round, at, length);
  if (reach(steps, step.to, front, round, at, length)) return true;
  return step.kind === 'fork' && reach(steps, to + 1, front, round, at, length);
}

const ASCII = 128;

function takes(step: Step | undefined, code: number): boolean {
  if (step?.kind !== 'one') return false;
  return code < ASCII ? step.ascii[code] === 1 : isOf(step, code);
}

type Characters = Extract<PatternNode, { kind: 'one' }>;

const asciiOf = (characters: Characters) =>
  Uint8Array.from({ length: ASCII }, (_, code) => (isOf(characters, code) ? 1 : 0));

function isOf({ ranges, negated }: Characters, code: number): boolean {
  for (const [first, last] of ranges) if (code >= first && code <= last) return !negated;
  return negated;
}
