import type { App } from 'aws-cdk-lib';
import { DataStack } from './data';
import { ExamplesStack } from './examples';
import { GatewayStack } from './gateway';
import { NetworkStack } from './network';
import { ServicesStack } from './services';
import type { Stage } from './stages';

/**
 * All stacks of one deployment, in the order in which they are deployed. `prefix` lets two copies of a stage live in one
 * account and region.
 */
export function gatehouse(app: App, stage: Stage, prefix = 'Gatehouse'): void {
  const name = (stack: string) => `${prefix}-${stage.name}-${stack}`;
  const network = new NetworkStack(app, name('Network'), { stage, terminationProtection: stage.keepData });
  const data = new DataStack(app, name('Data'), { stage, network, terminationProtection: stage.keepData });
  const common = { stage, network, data, alarms: data.alarms };
  const examples = stage.exampleSubgraphs ? new ExamplesStack(app, name('Examples'), common) : undefined;
  const services = new ServicesStack(app, name('Services'), { ...common, subgraphs: examples?.subgraphs ?? [] });
  new GatewayStack(app, name('Gateway'), { stage, services, alarms: data.alarms });
}
