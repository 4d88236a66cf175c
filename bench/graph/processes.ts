import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import * as z from 'zod/mini';
import { FILES } from './bundles';
import { SUBGRAPHS, type Urls } from './shop';
import { type Task, Turn } from './turn';

/** Of the counts of calls: none where a subgraph was not called. */
const Calls = z.partialRecord(z.enum(SUBGRAPHS), z.int());
export type Calls = z.output<typeof Calls>;
const Addresses = z.object({ accounts: z.url(), inventory: z.url(), products: z.url(), reviews: z.url() });
const Failed = z.object({ failed: z.string() });

async function heard<S extends z.ZodMiniType>(child: ChildProcess, schema: S): Promise<z.output<S>> {
  const gone = new AbortController();
  const { signal } = gone;
  const [message] = await Promise.race([
    once(child, 'message', { signal }),
    once(child, 'exit', { signal }).then(() => Promise.reject(new Error('a process of the bench has ended'))),
  ]).finally(() => gone.abort());
  const { data } = Failed.safeParse(message);
  if (data) throw new Error(data.failed);
  return schema.parse(message);
}

// What a function logs goes nowhere.
const start = (file: string, env: NodeJS.ProcessEnv) =>
  fork(file, { execArgv: [], env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });

export interface Subgraphs {
  readonly urls: Urls;
  /** The calls since this was asked last. */
  calls(): Promise<Calls>;
  stop(): void;
}

export async function startSubgraphs(): Promise<Subgraphs> {
  const child = start(FILES.subgraphs, { PATH: process.env.PATH, NODE_ENV: 'production' });
  const urls = await heard(child, Addresses);
  return {
    urls,
    calls() {
      child.send('calls');
      return heard(child, Calls);
    },
    stop: () => child.disconnect(),
  };
}

export interface Contender {
  readonly name: string;
  take(task: Task): Promise<Turn>;
  stop(): void;
}

export function startContender(name: string, file: string, env: NodeJS.ProcessEnv): Contender {
  const child = start(FILES.runner, { ...env, CONTENDER: file });
  return {
    name,
    take(task) {
      child.send(task);
      return heard(child, Turn);
    },
    stop: () => child.disconnect(),
  };
}
