import * as fc from 'fast-check';
import { linearPattern } from '../../../lambdas/webhooks/event-types/linear-pattern';
import { cpuMillisecondsOf } from '../cpu';

const ATOMS =
  'a b é 😀 . ^ $ [ab] [^a] [a-c\\d_-] [^\\S] \\d \\D \\w \\W \\s \\S \\. \\n \\x61 \\u0062 \\u{1F600} [] [^] \\/ [.*+] [\\-a] [-a] [a-]';
const atom = fc.constantFrom(...ATOMS.split(' '));
const pattern = fc.letrec<{ all: string; part: string }>((tie) => ({
  all: fc.oneof(
    { maxDepth: 3 },
    fc.array(tie('part'), { maxLength: 3 }).map((parts) => parts.join('')),
    fc.array(tie('all'), { minLength: 2, maxLength: 3 }).map((parts) => parts.join('|')),
  ),
  part: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    atom,
    fc
      .tuple(
        fc.constantFrom('(', '(?:'),
        tie('all'),
        fc.constantFrom('', '*', '+', '?', '*?', '{2}', '{1,}', '{0,2}', '{1,3}?'),
      )
      .map(([open, inner, times]) => `${open}${inner})${times}`),
    fc
      .tuple(
        atom.filter((each) => !'^$'.includes(each)),
        fc.constantFrom('*', '+', '?', '{2}', '{2,3}'),
      )
      .map((both) => both.join('')),
  ),
})).all;
const text = fc
  .array(fc.constantFrom('a', 'b', 'c', 'é', '😀', ' ', '\n', '1', '-', '.', '/'), { maxLength: 8 })
  .map((each) => each.join(''));

test('it finds what RegExp finds', () => {
  let judged = 0;
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 5, maxLength: 5 }), (source, texts) => {
      let ours: ReturnType<typeof linearPattern>;
      try {
        ours = linearPattern(source);
      } catch (error) {
        return expect(String(error)).toMatch(/repeats too much|at most 256 characters/);
      }
      judged += 1;
      const theirs = new RegExp(source, 'u');
      for (const each of texts) expect([source, each, ours.test(each)]).toEqual([source, each, theirs.test(each)]);
    }),
    { numRuns: 500 },
  );
  expect(judged).toBeGreaterThan(300);
});

test.each([
  ['(?=a)', /a group of a kind/],
  ['(?<!a)b', /a group of a kind/],
  ['(?<name>a)', /a group of a kind/],
  ['(a)\\1', /an escape that is not taken here: \\1/],
  ['\\bword', /an escape that is not taken here: \\b/],
  ['\\p{L}', /an escape that is not taken here: \\p/],
  ['(', /must be a regular expression/],
  ['a{', /must be a regular expression/],
  ['a'.repeat(257), /at most 256 characters/],
  ['a{257}', /too many steps/],
  ['((a{50}){50}){50}', /too many steps/],
  ['((((){99}){99}){99}){99}', /too many steps/],
  ['(){999999999}', /too many steps/],
])('%s is refused', (source, fault) => {
  expect(() => linearPattern(source)).toThrow(fault);
});

test.each(['^(a+)+$', '(a|a)*b', 'a*a*a*a*a*a*a*b', '^(([a-z])+.)+[A-Z]([a-z])+$', '(.*)*x', 'a{0,120}b'])(
  '%s, which a backtracking engine may not survive, is held against a long text',
  (source) => {
    const { test: isFound } = linearPattern(source);
    const long = `${'a'.repeat(65_535)}!`;
    expect(cpuMillisecondsOf(() => expect(isFound(long)).toBe(false))).toBeLessThan(1_500);
  },
);
