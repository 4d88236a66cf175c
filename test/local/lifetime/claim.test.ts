import { readdirSync, writeFileSync } from 'node:fs';
import { claimFolder } from '../../../local/lifetime/claim';
import { temporaryFolder } from '../support';

const [held, left] = [temporaryFolder(), temporaryFolder()];

test('a folder that another process holds is neither taken nor emptied', () => {
  writeFileSync(`${held}/host.pid`, String(process.ppid));
  writeFileSync(`${held}/secrets.json`, '[]');
  expect(() => claimFolder(held, true)).toThrow(`${held} is in use by process ${process.ppid}: end it, or`);
  expect(readdirSync(held)).toEqual(['host.pid', 'secrets.json']);
});

test('the claim of a process that is gone does not hold, and what it left stays until a fresh start', async () => {
  writeFileSync(`${left}/host.pid`, '999999999');
  writeFileSync(`${left}/secrets.json`, '[]');
  await claimFolder(left, false).stop();
  expect(readdirSync(left)).toEqual(['secrets.json']);
  claimFolder(left, true);
  expect(readdirSync(left)).toEqual(['host.pid']);
});
