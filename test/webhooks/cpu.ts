/** The CPU time that the work takes: what else the machine does at the time is not counted. */
export function cpuMillisecondsOf(work: () => unknown): number {
  const began = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1_000;
}
