import { scryptSync } from 'node:crypto';
import { checkPassword, hashPassword, isCheap } from '../../../lambdas/shared/credentials/passwords';
import { cheapHash } from '../../support/passwords';

const PASSWORD = 'correct horse ﬁ';
let phc: string;
beforeAll(async () => {
  phc = await hashPassword(PASSWORD);
});

test("a hash is scrypt at OWASP's cost in the PHC string format", () => {
  const [, id, cost, salt = '', hash] = phc.split('$');
  expect({ id, cost }).toEqual({ id: 'scrypt', cost: 'ln=16,r=8,p=2' });
  const options = { N: 2 ** 16, r: 8, p: 2, maxmem: 2 ** 28 };
  const expected = scryptSync(PASSWORD.normalize('NFKC'), Buffer.from(salt, 'base64'), 32, options);
  expect(hash).toBe(expected.toString('base64').replaceAll('=', ''));
});

/** CPU time in milliseconds, all threads: time on the clock would count what else the machine does. */
async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  return process.cpuUsage(before).user / 1000;
}

test('the right password in any Unicode spelling passes; a wrong one and any for an unknown user cost the same', async () => {
  const answers: boolean[] = [];
  const check = (password: string, hash: string | undefined) =>
    cpuMs(async () => answers.push(await checkPassword(password, hash)));
  const right = await check('correct horse fi', phc);
  const wrong = await check('wrong', phc);
  const unknown = await check(PASSWORD, undefined);
  expect(answers).toEqual([true, false, false]);
  for (const cost of [wrong, unknown]) {
    expect(cost).toBeGreaterThan(right / 2);
    expect(cost).toBeLessThan(right * 2);
  }
});

const good = cheapHash('secret');

test('a hash that took less work than today is known by it; one of today, one that took more and none are not', () => {
  expect(isCheap(good)).toBe(true);
  expect(isCheap(phc.replace('ln=16', 'ln=15'))).toBe(true);
  for (const other of [phc, phc.replace('ln=16', 'ln=17'), phc.replace('p=2', 'p=3'), ''])
    expect(isCheap(other)).toBe(false);
});

test('a hash of another cost is checked at its own', async () => {
  expect(await checkPassword('secret', good)).toBe(true);
  expect(await checkPassword('wrong', good)).toBe(false);
});

test.each([
  ['is empty', ''],
  ['is the password itself', 'secret'],
  ['is of another algorithm', good.replace('scrypt', 'argon2id')],
  ['has no hash', good.slice(0, good.lastIndexOf('$') + 1)],
  ['has a hash too short', good.slice(0, -8)],
  ['has something after it', `${good}$`],
  ['asks for no work', good.replace('ln=10', 'ln=0')],
  ['asks for more memory than there is', good.replace('ln=10', 'ln=40')],
  ['asks for no blocks', good.replace('r=1', 'r=0')],
])('a stored hash that %s lets nobody in', async (_, stored) => {
  expect(await checkPassword('secret', stored)).toBe(false);
});
