import { Stack, type StackProps } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { contracts } from '../lambdas/routes';
import type { Contract } from '../lambdas/shared/http/route';
import { Audit } from './audit';
import { Auth } from './auth';
import { Monitoring } from './constructs/monitoring';
import type { DataStack } from './data';
import type { Subgraph } from './examples';
import { FirstAdmin } from './first-admin';
import { Graph } from './graph';
import { Issuers } from './issuers';
import { Keys } from './keys';
import { Limits } from './limits';
import { Migrations } from './migrations';
import type { NetworkStack } from './network';
import { Platform } from './platform';
import { PublishedExamples } from './published-examples';
import { Registry } from './registry';
import { Seed } from './seed';
import type { Stage } from './stages';
import { Tenants } from './tenants';
import { Webhooks } from './webhooks';

interface ServicesProps extends StackProps {
  readonly stage: Stage;
  readonly network: NetworkStack;
  readonly data: DataStack;
  readonly alarms: sns.ITopic;
  readonly subgraphs: readonly Subgraph[];
}

/** Every function of the platform. A daily deploy changes this stack and the gateway's, and no other. */
export class ServicesStack extends Stack {
  /** Each contract with the function that serves it. */
  readonly apis: readonly { readonly contract: Contract; readonly fn: lambda.Function }[];
  /** Answers the paths that nobody serves. */
  readonly fallback: lambda.Function;
  /** Finds out who calls. */
  readonly authorizer: lambda.Function;

  constructor(scope: Construct, id: string, props: ServicesProps) {
    super(scope, id, props);
    const { data } = props;
    const foundation = { ...props, monitoring: new Monitoring(this, 'Monitoring', props.alarms) };
    const migrations = new Migrations(this, 'Migrations', foundation, { code: 'migrate' });
    const auth = new Auth(this, 'Auth', foundation);
    const platform = new Platform(this, 'Platform', foundation);
    const graph = new Graph(this, 'Graph', foundation);
    const registry = new Registry(this, 'Registry', { ...foundation, planUrl: graph.planUrl });
    const tenants = new Tenants(this, 'Tenants', foundation);
    const keys = new Keys(this, 'Keys', foundation);
    const limits = new Limits(this, 'Limits', foundation);
    const audit = new Audit(this, 'Audit', foundation);
    const issuers = new Issuers(this, 'Issuers', foundation);
    const webhooks = new Webhooks(this, 'Webhooks', foundation);
    issuers.grantFetch(auth.authorizer);
    this.apis = [
      { contract: contracts.auth, fn: auth.api },
      { contract: contracts.tenants, fn: tenants.api },
      { contract: contracts.keys, fn: keys.api },
      { contract: contracts.issuers, fn: issuers.api },
      { contract: contracts.limits, fn: limits.api },
      { contract: contracts.audit, fn: audit.api },
      { contract: contracts.graph, fn: graph.api },
      { contract: contracts.registry, fn: registry.api },
      { contract: contracts.webhooks, fn: webhooks.api },
      { contract: contracts.platform, fn: platform.api },
    ];
    this.fallback = platform.api;
    this.authorizer = auth.authorizer;
    // New code never meets an old schema.
    for (const feature of [auth, platform, graph, registry, tenants, keys, limits, audit, issuers, webhooks])
      feature.node.addDependency(migrations);
    const { firstAdmin: admin } = props.stage;
    const people: Construct[] = [];
    if (admin && data.firstInvitation) {
      const invited = { ...foundation, admin, invitation: data.firstInvitation };
      people.push(new FirstAdmin(this, 'FirstAdmin', invited));
    }
    if (data.seedLogins) people.push(new Seed(this, 'Seed', foundation, data.seedLogins));
    for (const made of people) made.node.addDependency(migrations);
    if (props.subgraphs.length === 0) return;
    // Behind the people, because it stands in the audit of the operator, where there is one.
    new PublishedExamples(this, 'PublishedExamples', foundation).node.addDependency(migrations, ...people);
  }
}
