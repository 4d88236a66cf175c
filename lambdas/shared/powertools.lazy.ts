import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

/** What telemetry.ts does not write itself. */
interface Tools {
  log(level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>): void;
  count(name: string, value: number): void;
}

let tools: Tools | undefined;

/** One logger and one namespace for all of a function. */
export function toolsOf(serviceName: string): Tools {
  if (tools) return tools;
  const logger = new Logger({ serviceName });
  const metrics = new Metrics({ namespace: 'Gatehouse', serviceName });
  tools = {
    log(level, message, fields) {
      logger[level](message, fields);
    },
    count(name, value) {
      // A single metric is a Metrics object of its own: the dimension and the value must both go to it.
      const metric = metrics.singleMetric();
      metric.addDimension('function', process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'none');
      metric.addMetric(name, MetricUnit.Count, value);
    },
  };
  return tools;
}
