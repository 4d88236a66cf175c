/** Does it for all of them, also where it fails for some; then it rejects. */
export function forAll<T>(all: readonly T[], work: (each: T) => Promise<unknown>): Promise<unknown> {
  const [only] = all;
  return all.length === 1 && only !== undefined ? work(only) : forMany(all, work);
}

async function forMany<T>(all: readonly T[], work: (each: T) => Promise<unknown>): Promise<void> {
  // What fails at once is one of those that fail, too.
  const done = await Promise.allSettled(all.map(async (each) => work(each)));
  for (const each of done) if (each.status === 'rejected') throw each.reason;
}
