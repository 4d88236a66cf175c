import { randomInt } from 'node:crypto';
import { compareWithApollo } from '../support/federation/differ';

/** `npm run differential` runs ten thousand of each. */
const OPERATIONS = Number(process.env['DIFFERENTIAL_OPERATIONS'] ?? 1_500);
/** Of a run that failed, to run it again. */
const SEED = Number(process.env['DIFFERENTIAL_SEED'] ?? randomInt(2 ** 31));

test.each([
  ['a fixed seed', 1],
  ['a random seed', SEED],
])(
  `${OPERATIONS} random operations with %s are answered as by @apollo/gateway: the same data, the same error paths`,
  async (_, seed) => {
    const { different, ...counts } = await compareWithApollo(OPERATIONS, seed);
    process.stdout.write(`seed ${seed}: ${JSON.stringify({ ...counts, different: different.length })}\n`);
    expect(different.slice(0, 1)).toEqual([]);
    expect(counts.same + counts.mended + counts.apolloFailed).toBe(OPERATIONS);
    // What is known to be wrong in Apollo's is rare: else it would be no measure.
    expect(counts.same).toBeGreaterThan(0.9 * OPERATIONS);
  },
  1_800_000,
);
