import { subgraphKey } from '../../lambdas/rotate/subgraph-key';
import { wordsOf } from '../../lambdas/shared/credentials/subgraph-secret';
import { freshSecret } from '../../lambdas/shared/stores/fresh-secret';
import { startAws, type TestAws } from '../support/aws';
import { captureOutput } from '../support/output';
import { rotationOf, SECRET } from './rotation';

captureOutput();
let aws: TestAws;
beforeAll(async () => {
  aws = await startAws();
}, 30_000);
afterAll(() => aws.stop());

test('a rotation lets the key sign that was published by the one before', async () => {
  aws.setSecret(SECRET, 'drawn');
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const renewal = subgraphKey(() => nowSeconds);
  const { rotate, current } = rotationOf(aws, renewal);
  await rotate('1'.repeat(32));
  const [first, second] = wordsOf(current());
  expect([first, second]).toEqual(['drawn', expect.stringMatching(/^[0-9a-f]{64}$/)]);
  expect(() => renewal.next(current(), nowSeconds - 1)).toThrow(/^rotate again in \d+ s$/);
  await rotate('2'.repeat(32));
  expect(wordsOf(current())).toEqual([second, expect.stringMatching(/^[0-9a-f]{64}$/), first]);
});

test('who reads the secret sees a turn after a while, and goes on with what it has while it cannot be read', async () => {
  let [nowMs, text, reads] = [0, 'one', 0];
  const secret = freshSecret('secret', {
    freshMs: 1_000,
    nowMs: () => nowMs,
    async read() {
      reads += 1;
      if (text === '') throw new Error('away');
      return text;
    },
  });
  expect(await secret()).toBe('one');
  text = 'two';
  expect(await secret()).toBe('one');
  nowMs = 1_000;
  expect(await secret()).toBe('two');
  nowMs = 2_000;
  text = '';
  expect([await secret(), await secret(), reads]).toEqual(['two', 'two', 3]);
});
