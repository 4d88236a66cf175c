import { chmodSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { postgresFiles } from '../../../local/stores/postgres-files';
import { temporaryFolder } from '../support';

const [open, closed] = [temporaryFolder(), temporaryFolder()];
const isRoot = process.getuid?.() === 0;

test('its data stands where it was asked for, and its programs can be run by the account it runs under', async () => {
  const { native, folder, account, notes } = await postgresFiles(join(open, 'postgres'));
  expect([folder, notes]).toEqual([join(open, 'postgres'), []]);
  expect(statSync(folder).uid).toBe(account?.uid ?? process.getuid?.());
  expect(statSync(join(native, 'bin/postgres')).mode & 0o111).not.toBe(0);
});

test('behind a closed folder it stands where root can lend it out, and the next start forgets it once the folder is gone', async () => {
  chmodSync(closed, 0o700);
  const wanted = join(closed, 'postgres');
  const { folder, notes } = await postgresFiles(wanted);
  expect(folder === wanted).toBe(!isRoot);
  expect(notes).toHaveLength(isRoot ? 1 : 0);
  writeFileSync(join(folder, 'kept'), '');
  expect(existsSync(join((await postgresFiles(wanted)).folder, 'kept'))).toBe(true);
  rmSync(wanted, { recursive: true });
  await postgresFiles(join(open, 'postgres'));
  expect(existsSync(folder)).toBe(false);
});
