import { execFileSync } from 'node:child_process';
import type { Random } from './federation/random';

/** `Webhooks` and one of these is how the functions of webhooks begin, in the ARN that a process of the host is started with. */
const FUNCTION = /boot\.cjs .*:function:\S*Webhooks(Api|Deliver|Sweep)/;

interface FunctionProcess {
  readonly pid: number;
  readonly name: string;
}

/** The processes of the host that run functions of webhooks. */
function functionProcesses(hostPid: number): readonly FunctionProcess[] {
  const rows = execFileSync('ps', ['-ww', '-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  return rows.flatMap((row) => {
    const [pid, parent] = row.trim().split(/\s+/, 2).map(Number);
    const name = FUNCTION.exec(row)?.[1];
    return name !== undefined && parent === hostPid && pid !== undefined ? [{ pid, name }] : [];
  });
}

/** Ends one as a crash does, whatever it is at: of any function as often as of any other. The name of its function. */
export function killOne(hostPid: number, random: Random): string | undefined {
  const all = functionProcesses(hostPid);
  if (all.length === 0) return undefined;
  const name = random.pick([...new Set(all.map((each) => each.name))]);
  const { pid } = random.pick(all.filter((each) => each.name === name));
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    return undefined;
  }
  return name;
}
