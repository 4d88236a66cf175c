import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { DataStack } from '../data';
import type { NetworkStack } from '../network';
import type { Stage } from '../stages';
import { accept } from './accept';
import type { DatabaseUser } from './database';
import { type Monitoring, PERIOD } from './monitoring';
import { removal } from './removal';

/** What every function stands on. */
export interface Foundation {
  readonly stage: Stage;
  readonly network: NetworkStack;
  readonly data: DataStack;
  readonly monitoring: Monitoring;
}

export interface GatewayFunctionProps {
  /** The folder under dist/functions that `npm run build` made. */
  readonly code: string;
  /** What a person loses while this function fails; the alarms say it. */
  readonly impact: string;
  readonly memoryMb?: number;
  readonly timeoutSeconds?: number;
  /** The database user it signs in as; `owner` reads the owner's login instead. */
  readonly database?: DatabaseUser | 'owner';
  /** Whether it signs in to the cache. */
  readonly cache?: boolean;
  /** Whether it serves routes: its answers are read by pages of the stage's origin. */
  readonly api?: boolean;
  /** How many failures in five minutes ring. @default 3 */
  readonly errorsToAlarm?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** API Gateway waits 29 s; what takes longer than this has lost its caller. */
const TIMEOUT_SECONDS = 10;
const MEMORY_MB = 512;
const ERRORS_TO_ALARM = 3;
const NEAR_TIMEOUT = 0.8;

/**
 * The one way a function is made: runtime, architecture, limits, log group, network, alarms and its row on the
 * dashboard. It stands in the VPC when it needs a store there, and only then.
 */
export class GatewayFunction extends Construct {
  readonly fn: lambda.Function;

  constructor(scope: Construct, id: string, foundation: Foundation, props: GatewayFunctionProps) {
    super(scope, id);
    const { stage, data } = foundation;
    const { code, database, cache = false, api = false, timeoutSeconds = TIMEOUT_SECONDS, environment } = props;
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: stage.logRetentionDays,
      removalPolicy: removal(stage),
    });
    const groups = securityGroups(foundation.network, database !== undefined, cache);
    this.fn = new lambda.Function(this, 'Function', {
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(`dist/functions/${code}`),
      handler: 'index.handler',
      memorySize: props.memoryMb ?? MEMORY_MB,
      timeout: Duration.seconds(timeoutSeconds),
      tracing: lambda.Tracing.ACTIVE,
      logGroup,
      role: this.role(logGroup, groups.length > 0),
      environment: {
        ...COMMON,
        ...(stage.egress === 'ipv6' && { AWS_USE_DUALSTACK_ENDPOINT: 'true' }),
        ...(api && { CORS_ORIGIN: stage.corsOrigin, LIMITS: JSON.stringify(stage.limits) }),
        ...environment,
      },
      ...(groups.length > 0 && {
        vpc: foundation.network.vpc,
        vpcSubnets: { subnetGroupName: 'private' },
        securityGroups: groups,
        ipv6AllowedForDualStack: stage.egress === 'ipv6',
      }),
    });
    if (database === 'owner') data.database.grantOwn(this.fn);
    else if (database !== undefined) data.database.grantConnect(this.fn, database);
    if (cache) data.cache.grantConnect(this.fn);
    accept(
      this,
      'AwsSolutions::AwsSolutions-IAM5[Resource::*]',
      'X-Ray and network interfaces have no resource to name',
    );
    accept(this, 'Serverless::Serverless-LambdaDLQ', 'callers wait for the answer: there is no event to keep');
    this.watch(foundation.monitoring, { ...props, timeoutSeconds });
  }

  /** Its own log group and, in the VPC, the network interfaces that Lambda makes in its name. AWS's managed policies allow every log group. */
  private role(logGroup: logs.LogGroup, inVpc: boolean): iam.Role {
    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    if (inVpc) role.addToPolicy(new iam.PolicyStatement({ actions: NETWORK_INTERFACES, resources: ['*'] }));
    return role;
  }

  private watch(monitoring: Monitoring, props: GatewayFunctionProps & { readonly timeoutSeconds: number }) {
    const { fn } = this;
    const { code: subject, impact, timeoutSeconds, errorsToAlarm = ERRORS_TO_ALARM } = props;
    const failures = new cloudwatch.MathExpression({
      label: 'failures',
      expression: 'FILL(errors, 0) + FILL(faults, 0)',
      // serve() turns every exception into a 500, which Lambda counts as no error.
      usingMetrics: { errors: fn.metricErrors({ period: PERIOD }), faults: counted(fn, 'Faults') },
      period: PERIOD,
    });
    const throttles = fn.metricThrottles({ period: PERIOD });
    const slowest = fn.metricDuration({ statistic: 'p99', period: PERIOD });
    monitoring.alarm('Function errors', subject, { metric: failures, threshold: errorsToAlarm, impact });
    monitoring.alarm('Function throttled', subject, { metric: throttles, threshold: 1, impact });
    monitoring.alarm('Function near its timeout', subject, {
      metric: slowest,
      threshold: timeoutSeconds * 1000 * NEAR_TIMEOUT,
      periods: 2,
      impact,
    });
    if (props.api)
      monitoring.alarm('Limits degraded', subject, {
        metric: counted(fn, 'Degraded'),
        threshold: 1,
        periods: 2,
        impact:
          'Callers get a share of their plan; who takes rights away or signs in by password is told to come again.',
      });
    monitoring.row(subject, [fn.metricInvocations({ period: PERIOD })], [failures, throttles], [slowest]);
  }
}

/** What a function counts itself (lambdas/shared/telemetry.ts). */
type Counted =
  | 'Faults'
  | 'Degraded'
  | 'SubgraphAway'
  | 'DocumentsOverLimit'
  | 'OperationsOverBudget'
  | 'UnknownDocuments';
export const counted = (fn: lambda.Function, metricName: Counted) =>
  new cloudwatch.Metric({
    namespace: 'Gatehouse',
    metricName,
    dimensionsMap: { service: 'gatehouse', function: fn.functionName },
    statistic: 'Sum',
    period: PERIOD,
  });

const COMMON = { NODE_OPTIONS: '--enable-source-maps' };

const NETWORK_INTERFACES = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

const securityGroups = (network: NetworkStack, database: boolean, cache: boolean): ec2.ISecurityGroup[] => [
  ...(database ? [network.databaseClients] : []),
  ...(cache ? [network.cacheClients] : []),
];
