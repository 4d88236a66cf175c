import type { DependencyState } from './readiness';

/** What was built, and where it runs. */
export interface Build {
  readonly version: string;
  readonly stage: string;
}

const HERE = 'in the one execution environment that answered this scrape; others are not in it.';

/**
 * The Prometheus text of this moment. A registry per scrape: what a gauge of an earlier scrape said never lingers.
 * prom-client's default metrics are left out: counters of one environment among many go back whenever another answers.
 */
export async function metricsText(
  build: Build,
  dependencies: readonly DependencyState[],
  isDegraded: boolean,
): Promise<string> {
  const { Gauge, Registry } = await import('prom-client');
  const registry = new Registry();
  const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] });

  gauge('gatehouse_build_info', 'Always 1; the labels say what runs.', ['version', 'stage']).set({ ...build }, 1);
  const up = gauge('gatehouse_dependency_up', 'Whether the dependency answered within its deadline.', ['dependency']);
  const latency = gauge('gatehouse_dependency_latency_seconds', 'How long its answer, or the deadline, took.', [
    'dependency',
  ]);
  for (const { name, state, latencyMs } of dependencies) {
    up.set({ dependency: name }, state === 'up' ? 1 : 0);
    latency.set({ dependency: name }, latencyMs / 1000);
  }
  gauge('gatehouse_shared_limits_up', `0 while limits are counted without Redis ${HERE}`).set(isDegraded ? 0 : 1);
  gauge('gatehouse_environment_age_seconds', `Time since the process started ${HERE}`).set(process.uptime());
  gauge('gatehouse_environment_resident_memory_bytes', `Resident memory ${HERE}`).set(process.memoryUsage.rss());
  return registry.metrics();
}
