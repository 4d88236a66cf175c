import * as fc from 'fast-check';
import { Filter } from '../../../lambdas/webhooks/filter/filter';

/*
 * Events and patterns of few names and few values, so that they meet often.
 */

const key = fc.constantFrom('a', 'b', 'c', 'constructor');
const text = fc.constantFrom(
  '',
  'x',
  'X',
  'xy',
  'XYx',
  'yx',
  'ß',
  'É',
  'é',
  '10.1.2.3',
  '::ffff:10.1.2.3',
  '2001:db8::1',
);
const scalar = fc.oneof(text, fc.integer({ min: -2, max: 2 }), fc.boolean(), fc.constant(null));

/** JSON with lists in lists, lists of objects, and lists of both. */
export const json = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
    tie('object'),
  ),
  object: fc.dictionary(key, tie('value'), { maxKeys: 3 }),
}));

export const event = fc.record({
  type: fc.constantFrom('invoice.paid', 'invoice.void'),
  version: fc.integer({ min: 1, max: 2 }),
  timestamp: fc.constant('2026-01-01T00:00:00Z'),
  data: fc.oneof({ weight: 5, arbitrary: json.object }, json.value),
});

const filled = fc.constantFrom('x', 'X', 'xy', 'yx', 'É', 'é');
const folded = (of: fc.Arbitrary<string>) => of.map((wanted) => ({ 'equals-ignore-case': wanted }));
const oneOrMore = <T>(of: fc.Arbitrary<T>) => fc.oneof(of, fc.array(of, { minLength: 1, maxLength: 2 }));
const wildcard = fc.constantFrom('*', 'x*', '*y', '*x*', 'x*x', 'X*x', '\\**');
const low = fc.tuple(fc.constantFrom('>', '>='), fc.integer({ min: -2, max: 0 }));
const high = fc.tuple(fc.constantFrom('<', '<='), fc.integer({ min: 1, max: 2 }));
const numeric = fc.oneof(
  low,
  high,
  fc.tuple(low, high).map(([left, right]) => [...left, ...right]),
  fc.integer({ min: -2, max: 2 }).map((value) => ['=', value]),
);

export const absent = fc.constant({ exists: false });
export const present = fc.oneof(
  { weight: 4, arbitrary: scalar },
  fc.record({ prefix: fc.oneof(filled, folded(filled)) }),
  fc.record({ suffix: fc.oneof(filled, folded(filled)) }),
  folded(text),
  fc.record({ wildcard }),
  fc.record({ numeric }),
  fc.record({ cidr: fc.constantFrom('10.0.0.0/8', '2001:db8::/32', '::/0', '::ffff:10.0.0.0/104', '0.0.0.0/0') }),
  fc.constant({ exists: true }),
  fc.record({
    'anything-but': fc.oneof(
      oneOrMore(scalar),
      fc.record({ prefix: oneOrMore(filled) }),
      fc.record({ suffix: oneOrMore(filled) }),
      fc.record({ wildcard: oneOrMore(wildcard) }),
      folded(text),
    ),
  }),
);

const list = <T>(of: fc.Arbitrary<T>) => fc.array(of, { minLength: 1, maxLength: 3 });

/** Patterns over `data`, built of such leaves; with `$or` where it may be. */
const patterns = (leaf: fc.Arbitrary<unknown>, withOr: boolean) =>
  fc.letrec<{ fields: object; below: unknown }>((tie) => ({
    fields: withOr
      ? fc.oneof(
          { maxDepth: 2 },
          fc.dictionary(key, tie('below'), { minKeys: 1, maxKeys: 3 }),
          fc
            .tuple(
              fc.dictionary(key, tie('below'), { maxKeys: 2 }),
              fc.array(tie('fields'), { minLength: 2, maxLength: 2 }),
            )
            .map(([fields, $or]) => ({ ...fields, $or })),
        )
      : fc.dictionary(key, tie('below'), { minKeys: 1, maxKeys: 3 }),
    below: fc.oneof({ maxDepth: 3 }, leaf, tie('fields')),
  })).fields;

const isWithinLimits = (filter: unknown) => Filter.safeParse(filter).success;

export const filter = fc
  .record({ data: patterns(list(fc.oneof({ weight: 4, arbitrary: present }, absent)), true) })
  .filter(isWithinLimits);

/** Without alternatives, and with leaves that ask either for a value or for absence. */
export const plainFilter = fc.record({
  data: patterns(
    fc.oneof(
      { weight: 3, arbitrary: list(present) },
      absent.map((matcher) => [matcher]),
    ),
    false,
  ),
});
