import { requireStrong } from '../../lambdas/auth/password-policy';

const judged = (password: string, own: readonly string[] = []) =>
  requireStrong(password, 'password', own).then(
    () => 'taken',
    (error: { detail: string }) => error.detail,
  );

test.each([
  'password123',
  '1234567890',
  'qwertyuiop',
  '1q2w3e4r5t',
  'iloveyou123',
  'Password123!',
  'P@ssw0rd2024',
  'abcdefghijklm',
  'aaaaaaaaaaaaaaaa',
  'letmein12345',
  'q1w2e3r4t5y6',
  'football1234',
  'Summer2024!',
  'drowssap4321',
  'asdfghjkl123',
  'gatehouse2024',
  'trustno1trustno1',
])('%s is refused as known from leaks or easily guessed', async (password) => {
  expect(await judged(password)).toMatch(/known from leaks or easily guessed/);
});

test.each([
  'correct horse battery staple',
  'seven unrelated herons at dusk',
  'k7#pQz!9vLw2',
  'перо ветра у моста 41',
  '水の音が遠くに聞こえる夜',
])('%s is taken', async (password) => {
  expect(await judged(password)).toBe('taken');
});

test("what is made of the owner's own name or address is refused to that owner alone", async () => {
  const own = ['ermintrude.quartermaine@acme.example', 'Ermintrude Quartermaine'];
  for (const password of ['ermintrude.quartermaine', 'Quartermaine2024', 'ermintrude.quartermaine@acme.example']) {
    expect(await judged(password, own)).toMatch(/easily guessed/);
  }
  expect(await judged('Quartermaine-Ermintrude-1')).toBe('taken');
});

test('characters are counted as people count them, from 10 to 256', async () => {
  expect(await judged('k7#pQz!9v')).toMatch(/at least 10/);
  expect(await judged('😀🐘🎈🚲🌵🎻🦉🧊🪁')).toMatch(/at least 10/);
  expect(await judged('😀🐘🎈🚲🌵🎻🦉🧊🪁🍋')).toBe('taken');
  const long = Array.from({ length: 256 }, (_, index) => String.fromCharCode(33 + ((index * 37) % 90))).join('');
  expect(await judged(long)).toBe('taken');
  expect(await judged(`${long}x`)).toMatch(/at most 256/);
});

test('no password and no name takes long to judge', async () => {
  await judged('warm up, load the list');
  const own = Array.from({ length: 100 }, () => 'a@'.repeat(500));
  for (const password of [
    '1'.repeat(256),
    '@4$s'.repeat(64),
    '(|)'.repeat(85),
    'ab1!'.repeat(64),
    'password'.repeat(32),
  ]) {
    const before = process.cpuUsage();
    await judged(password, own);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(1500);
  }
});
