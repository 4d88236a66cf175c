import * as fc from 'fast-check';
import { compileFilter } from '../../../lambdas/webhooks/filter/compile';
import { explainFilter } from '../../../lambdas/webhooks/filter/explain';
import { Filter } from '../../../lambdas/webhooks/filter/filter';
import * as arbitrary from './arbitraries';
import { flattenedMatches } from './flattened';
import { referenceMatches } from './reference';

const RUNS = { numRuns: 1_000 };

test('a filter matches what its documentation says it matches', () => {
  fc.assert(
    fc.property(arbitrary.filter, arbitrary.event, (filter, event) => {
      expect(compileFilter(Filter.parse(filter))(event)).toBe(referenceMatches(filter, event));
    }),
    RUNS,
  );
});

test('without $or it matches what EventBridge matches: no two fields of different elements of a list', () => {
  fc.assert(
    fc.property(arbitrary.plainFilter, arbitrary.event, (filter, event) => {
      expect(compileFilter(Filter.parse(filter))(event)).toBe(flattenedMatches(filter, event));
    }),
    RUNS,
  );
});

test('an explanation says what the filter does, and each of its lines is part of the reason', () => {
  fc.assert(
    fc.property(arbitrary.filter, arbitrary.event, (filter, event) => {
      const { matches, why } = explainFilter(Filter.parse(filter), event);
      expect(matches).toBe(compileFilter(Filter.parse(filter))(event));
      const conditions = why.filter(({ path }) => !path.includes('$or['));
      expect(conditions.every((reason) => reason.matches)).toBe(matches);
    }),
    RUNS,
  );
});

test('the generated pairs match often enough to mean something', () => {
  for (const filters of [arbitrary.filter, arbitrary.plainFilter]) {
    const pairs = fc.sample(fc.tuple(filters, arbitrary.event), { numRuns: 2_000, seed: 1 });
    const matching = pairs.filter(([filter, event]) => compileFilter(Filter.parse(filter))(event));
    expect(matching.length).toBeGreaterThan(100);
  }
});
