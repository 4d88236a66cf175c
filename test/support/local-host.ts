import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { temporaryFolder } from './temporary-folder';

export interface HostOptions {
  /** @default ['--no-build'] */
  readonly flags?: readonly string[];
  /** The folder in which cdk.out is. @default this project's */
  readonly cwd?: string;
  readonly data?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** `npm start` in a process of its own, as a user has it. */
export interface LocalHost {
  readonly url: string;
  readonly data: string;
  readonly pid: number;
  /** Everything it has printed so far, both streams. */
  output(): string;
  /** Waits until it has printed this. */
  printed(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>;
  /** The password of the example logins. */
  readonly password: string;
  readonly apiKey: string;
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

const READY_WITHIN_MS = 60_000;

/** Starts it on a free port with data of its own. Rejects with what it printed when it ends before it is ready. */
export async function startLocalHost({
  flags = ['--no-build'],
  cwd = '.',
  data,
  env,
}: HostOptions = {}): Promise<LocalHost> {
  const folder = data ?? temporaryFolder('gatehouse-e2e-');
  const child = spawn(process.execPath, ['--import', 'tsx', 'bin/local.ts', ...flags], {
    cwd,
    env: { ...process.env, PORT: '0', DATA: folder, NODE_ENV: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printer = listenTo(child);
  const ended = new Promise<number | null>((done) => {
    child.once('exit', (code) => done(code));
  });
  const cleanUp = () => {
    // After kill -9 the reaper takes a moment to end those who still write there.
    if (data === undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
  };
  const failed = ended.then((code) => {
    cleanUp();
    throw new Error(`the host ended with ${code}: ${printer.output()}`);
  });
  const [, url = ''] = await Promise.race([printer.printed(/ready at (\S+)/, READY_WITHIN_MS), failed]);
  await printer.printed(/Not emulated here/);
  return {
    url,
    data: folder,
    pid: child.pid ?? 0,
    ...printer,
    password: /all with the password (\S+):/.exec(printer.output())?.[1] ?? '',
    apiKey: /API keys: (\S+)/.exec(printer.output())?.[1] ?? '',
    async end(signal = 'SIGTERM') {
      child.kill(signal);
      const code = await ended;
      cleanUp();
      return code;
    },
  };
}

function listenTo(child: ChildProcess) {
  let output = '';
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      for (const look of waiting) look();
    });
  return {
    output: () => output,
    printed: (pattern: RegExp, withinMs = 20_000) =>
      new Promise<RegExpExecArray>((found, reject) => {
        const timer = setTimeout(() => reject(new Error(`never printed ${pattern}: ${output}`)), withinMs).unref();
        const look = () => {
          const match = pattern.exec(output);
          if (!match) return;
          clearTimeout(timer);
          waiting.delete(look);
          found(match);
        };
        waiting.add(look);
        look();
      }),
  };
}
