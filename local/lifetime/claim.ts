import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Running } from '../types';

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** The process that holds the claim, if it still runs. */
function holderOf(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && pid > 0 && pid !== process.pid && isAlive(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Claims a data folder for this process: two hosts on one would spoil it. Throws when another one has it.
 * @param isFresh forgets what is in it; not the folder itself, which may be a volume
 */
export function claimFolder(folder: string, isFresh: boolean): Running {
  const file = join(folder, 'host.pid');
  const holder = holderOf(file);
  if (holder !== undefined)
    throw new Error(`${folder} is in use by process ${holder}: end it, or give this copy a folder with DATA=<folder>`);
  mkdirSync(folder, { recursive: true });
  if (isFresh) for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
  writeFileSync(file, String(process.pid));
  return {
    stop: () => {
      rmSync(file, { force: true });
      return Promise.resolve();
    },
  };
}
