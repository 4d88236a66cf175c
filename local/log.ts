import { mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, object, parseJson, text } from './json';

/** Where the host says what happens. */
export interface Log {
  /** For whoever watches the terminal. */
  say(line: string): void;
  /** Something went wrong that no caller is told the reason of. */
  warn(line: string): void;
  /** A line that a function wrote: into its own file, and to the terminal when it is about a failure. */
  line(functionName: string, line: string): void;
}

const FAILURES = ['ERROR', 'CRITICAL'];

/** A line as the terminal shows it: of a structured one its message and error, and nothing when it tells no failure. */
function shown(line: string): string | undefined {
  const entry = parseJson(line);
  if (!isObject(entry)) return line;
  if (!FAILURES.includes(text(entry.level) ?? '')) return undefined;
  const { name, message } = object(entry.error);
  return [text(entry.message), text(name), text(message)].filter((part) => part !== undefined).join(': ');
}

const warn = (line: string) => void process.stderr.write(`! ${line}\n`);

/** Writes to the terminal, and each function's lines to a file of its own under `folder`. */
export function openLog(folder: string): Log {
  const files = new Map<string, number>();
  const fileOf = (name: string): number => {
    const known = files.get(name);
    if (known !== undefined) return known;
    mkdirSync(folder, { recursive: true });
    const file = openSync(join(folder, `${name}.log`), 'a', 0o600);
    files.set(name, file);
    return file;
  };
  return {
    say: (line) => void process.stdout.write(`${line}\n`),
    warn,
    line(functionName, line) {
      // At once (5 µs), so that the last words before an end are not lost.
      writeSync(fileOf(functionName), `${line}\n`);
      const failure = shown(line);
      if (failure !== undefined) warn(`${functionName}: ${failure}`);
    },
  };
}
