import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

/** What telemetry.ts does not write itself. */
export interface Tools {
  log(level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>): void;
  /** @param of the function that counts: the second dimension */
  count(name: string, value: number, of: string): void;
}

/** The logger and the metrics of a function. */
export function toolsOf(serviceName: string): Tools {
  const logger = new Logger({ serviceName });
  const metrics = new Metrics({ namespace: 'Gatehouse', serviceName });
  return {
    log(level, message, fields) {
      logger[level](message, fields);
    },
    count(name, value, of) {
      // A single metric is a Metrics object of its own: the dimension and the value must both go to it.
      const metric = metrics.singleMetric();
      metric.addDimension('function', of);
      metric.addMetric(name, MetricUnit.Count, value);
    },
  };
}
