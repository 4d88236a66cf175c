import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Running } from './types';

/** Where the host says what happens. */
export interface Log extends Running {
  /** For whoever watches the terminal. */
  say(line: string): void;
  /** Something went wrong that no caller is told the reason of. */
  warn(line: string): void;
  /** A line that a function wrote: into its own file, and to the terminal when it is about a failure. */
  line(functionName: string, line: string): void;
}

const FAILURE = /"level":"(?:ERROR|CRITICAL)"/;

/** Writes to the terminal, and each function's lines to a file of its own under `folder`. */
export function openLog(folder: string): Log {
  const files = new Map<string, WriteStream>();
  const fileOf = (name: string): WriteStream => {
    const known = files.get(name);
    if (known) return known;
    mkdirSync(folder, { recursive: true });
    const file = createWriteStream(join(folder, `${name}.log`), { flags: 'a', mode: 0o600 });
    files.set(name, file);
    return file;
  };
  return {
    say: (line) => void process.stdout.write(`${line}\n`),
    warn: (line) => void process.stderr.write(`! ${line}\n`),
    line(functionName, line) {
      fileOf(functionName).write(`${line}\n`);
      if (FAILURE.test(line) || !line.startsWith('{')) process.stderr.write(`${functionName}: ${line}\n`);
    },
    async stop() {
      await Promise.all([...files.values()].map((file) => new Promise((resolve) => file.end(resolve))));
    },
  };
}
