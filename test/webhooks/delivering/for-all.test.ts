import { forAll } from '../../../lambdas/webhooks/delivering/for-all';

const failsWith = (fail: (each: number) => Promise<unknown>) => async () => {
  const done: number[] = [];
  const all = forAll([1, 2, 3], (each) => (each === 2 ? fail(each) : Promise.resolve(done.push(each))));
  await expect(all).rejects.toThrow('2 fails');
  expect(done).toEqual([1, 3]);
};

test(
  'where it fails for one later, it is done for all others, and fails',
  failsWith((each) => Promise.reject(new Error(`${each} fails`))),
);

test(
  'where it fails for one at once, too',
  failsWith((each) => {
    throw new Error(`${each} fails`);
  }),
);
