import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { Watcher } from '../lifetime/reaper';
import type { Running } from '../types';

export interface ProgramOptions extends SpawnOptions {
  /** What the program prints when it takes connections. */
  readonly ready: RegExp;
  readonly stdin?: string;
  /** Asks it to end in good order. */
  readonly stopSignal: NodeJS.Signals;
  readonly watcher: Watcher;
  readonly onCrash: (error: Error) => void;
}

/** Time to end in good order; the whole host has five seconds. */
const GRACE_MILLISECONDS = 3_000;

/** The last lines a program printed, to say why it did not start. */
function lastLines(child: ChildProcess, onText: (all: string) => void): () => string {
  let printed = '';
  const keep = (chunk: Buffer) => {
    printed = (printed + chunk.toString()).slice(-4_000);
    onText(printed);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => printed.trim().split('\n').slice(-3).join(' / ');
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MILLISECONDS);
  await ended;
  clearTimeout(timer);
}

/** Starts a server program and waits until it says that it is ready. Rejects with its last lines when it ends before. */
export async function startProgram(
  command: string,
  parameters: readonly string[],
  { ready, stdin, stopSignal, watcher, onCrash, ...options }: ProgramOptions,
): Promise<Running> {
  // A group of its own: Ctrl-C in the terminal must reach the host only, which then ends its programs in order.
  const child = spawn(command, parameters, { ...options, detached: true });
  let isExpected = true;
  await new Promise<void>((resolve, reject) => {
    const printed = lastLines(child, (all) => ready.test(all) && resolve());
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (child.pid !== undefined) watcher.forget(child.pid);
      const error = new Error(`${command} ended (${signal ?? code}): ${printed()}`);
      reject(error);
      if (!isExpected) onCrash(error);
    });
    if (child.pid !== undefined) watcher.watch(child.pid, stopSignal);
    child.stdin?.end(stdin);
  });
  isExpected = false;
  return {
    stop() {
      isExpected = true;
      return end(child, stopSignal);
    },
  };
}
