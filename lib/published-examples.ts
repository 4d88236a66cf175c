import { Duration, FileSystem } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { type Foundation, GatewayFunction } from './constructs/gateway-function';
import { runOnDeploy } from './constructs/run-on-deploy';
import type { Subgraph } from './examples';
import { COMPOSING_MB } from './registry';

const TIMEOUT = Duration.minutes(2);
const CODE = 'publish-examples';

interface PublishedExamplesProps extends Foundation {
  readonly subgraphs: readonly Subgraph[];
}

/** Publishes the example subgraphs at deploy, whenever their SDL or their address is another: the registry knows all there are. */
export class PublishedExamples extends Construct {
  constructor(scope: Construct, id: string, { subgraphs, ...foundation }: PublishedExamplesProps) {
    super(scope, id);
    const { fn } = new GatewayFunction(this, 'Function', foundation, {
      code: CODE,
      impact: 'A new deployment has a graph without the example subgraphs.',
      timeoutSeconds: TIMEOUT.toSeconds(),
      database: 'gatehouse_auth',
      cache: true,
      memoryMb: COMPOSING_MB,
    });
    runOnDeploy(this, fn, TIMEOUT, {
      subgraphs: `{${subgraphs.map(({ name, url }) => `"${name}":"${url}"`).join(',')}}`,
      files: FileSystem.fingerprint(`dist/functions/${CODE}/schemas`),
    });
  }
}
