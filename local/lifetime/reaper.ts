import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Running } from '../types';

/** Is told of every process that is started, so that none outlives the host. */
export interface Watcher {
  /** `signal` is the polite one; what is still there 3 s later is killed. */
  watch(pid: number, signal?: NodeJS.Signals): void;
  /** The process has ended: its number may soon be somebody else's. */
  forget(pid: number): void;
}

/** Ends what the host leaves behind. Stopping it ends all that is still watched. */
export type Reaper = Watcher & Running;

/**
 * Starts the one helper process. It lives as long as its pipe to the host, so it also acts after `kill -9`; it leads a
 * process group of its own, so Ctrl-C in the terminal does not take it along.
 */
export const startReaper = (): Reaper => {
  const helper = spawn(process.execPath, [join(__dirname, 'reaper-process.cjs')], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const gone = new Promise<void>((resolve) => {
    helper.once('exit', () => resolve());
  });
  // A reaper that was killed is no reason for the host to fall.
  helper.stdin.on('error', () => undefined);
  // It must not keep the host alive, only outlive it.
  helper.unref();
  const tell = (line: string) => void helper.stdin.write(`${line}\n`);
  return {
    watch: (pid, signal = 'SIGTERM') => tell(`watch ${pid} ${signal}`),
    forget: (pid) => tell(`forget ${pid}`),
    stop: () => {
      helper.stdin.end();
      return gone;
    },
  };
};
