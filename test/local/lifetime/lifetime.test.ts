import { Lifetime } from '../../../local/lifetime/lifetime';

const part = (name: string, ended: string[]) => ({
  async stop() {
    ended.push(name);
  },
});

test('what was started is ended in the opposite order, also after one that fails to end', async () => {
  const [lifetime, ended] = [new Lifetime(), [] as string[]];
  lifetime.add(part('first', ended));
  lifetime.add({ stop: () => Promise.reject(new Error('stuck')) });
  lifetime.add(part('last', ended));
  await lifetime.stop();
  expect(ended).toEqual(['last', 'first']);
});

test('a part that comes up while the others end is ended too, and so is what it starts then', async () => {
  const [lifetime, ended] = [new Lifetime(), [] as string[]];
  lifetime.add(part('first', ended));
  const slow = lifetime.start(
    new Promise<ReturnType<typeof part>>((resolve) => setTimeout(resolve, 50, part('slow', ended))),
  );
  const next = slow.then(() => lifetime.start(Promise.resolve(part('after slow', ended))));
  const failing = lifetime.start(Promise.reject(new Error('no such program')));
  await expect(Promise.all([next, failing])).rejects.toThrow('no such program');
  await lifetime.stop();
  expect(ended).toEqual(['slow', 'after slow', 'first']);
});
