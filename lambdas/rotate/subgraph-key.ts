import { randomBytes } from 'node:crypto';
import { turned, wordsOf } from '../shared/credentials/subgraph-secret';
import type { Renewal } from './rotate';

/** Turns what principals are signed with for subgraphs. Environments of the graph publish it as they read it: nothing is told. */
export const subgraphKey = (nowSeconds: () => number): Renewal => ({
  next: (current, rotatedAtSeconds) =>
    turned(current, randomBytes(32).toString('hex'), nowSeconds() - rotatedAtSeconds),
  apply: async () => undefined,
  async test(pending) {
    if (wordsOf(pending).length < 2) throw new Error('the next key is missing');
  },
});
