import { CfnOutput, Fn, Names, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sns from 'aws-cdk-lib/aws-sns';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import { accept } from './constructs/accept';
import { asInterface } from './constructs/as-interface';
import { Monitoring, PERIOD } from './constructs/monitoring';
import { removal } from './constructs/removal';
import { gatewayDocument } from './gateway/document';
import { Firewall } from './gateway/firewall';
import { methodThrottles, stageThrottle } from './gateway/throttles';
import type { ServicesStack } from './services';
import type { Stage } from './stages';

interface GatewayProps extends StackProps {
  readonly stage: Stage;
  readonly services: ServicesStack;
  readonly alarms: sns.ITopic;
}

/** The front door: one REST API imported from one generated document, its stage, its firewall. */
export class GatewayStack extends Stack {
  constructor(scope: Construct, id: string, props: GatewayProps) {
    super(scope, id, props);
    const { stage, services, alarms } = props;
    const { apis, authorizer, fallback } = services;
    const api = new apigateway.SpecRestApi(this, 'Api', {
      // CloudWatch tells APIs apart by their name alone: two copies of one name would share their metrics.
      restApiName: this.stackName,
      apiDefinition: apigateway.ApiDefinition.fromInline(
        gatewayDocument({
          apis: apis.map(({ contract, fn }) => ({ contract, uri: this.uri(fn) })),
          fallback: this.uri(fallback),
          authorizer: this.uri(authorizer),
          corsOrigin: stage.corsOrigin,
        }),
      ),
      endpointConfiguration: {
        types: [apigateway.EndpointType.REGIONAL],
        ipAddressType: apigateway.IpAddressType.DUAL_STACK,
      },
      cloudWatchRole: false,
      deploy: false,
      disableExecuteApiEndpoint: stage.domain !== undefined,
    });
    accept(
      api,
      'AwsSolutions::AwsSolutions-APIG2',
      'every operation of the document names a validator; a test holds that',
    );
    for (const fn of [...apis.map((each) => each.fn), authorizer]) this.admit(api, fn);
    const live = this.liveStage(stage, api);
    new wafv2.CfnWebACLAssociation(this, 'FirewallAssociation', {
      webAclArn: new Firewall(this, 'Firewall', stage).arn,
      resourceArn: live.stageArn,
    });
    if (stage.domain) this.customDomain(stage.domain, live);
    this.watch(live, new Monitoring(this, 'Monitoring', alarms));
  }

  /** The invocation URI of a function, as integrations and authorizers name it. */
  private uri(fn: lambda.IFunction): string {
    return `arn:${this.partition}:apigateway:${this.region}:lambda:path/2015-03-31/functions/${fn.functionArn}/invocations`;
  }

  /** One wildcard permission a function: its resource policy holds 20,480 bytes, a permission a route would fill it. */
  private admit(api: apigateway.SpecRestApi, fn: lambda.IFunction) {
    new lambda.CfnPermission(this, `Invoke${Names.nodeUniqueId(fn.node)}`, {
      action: 'lambda:InvokeFunction',
      functionName: fn.functionArn,
      principal: 'apigateway.amazonaws.com',
      sourceArn: this.formatArn({ service: 'execute-api', resource: api.restApiId, resourceName: '*' }),
    });
  }

  private liveStage(stage: Stage, api: apigateway.SpecRestApi): apigateway.Stage {
    const accessLog = new logs.LogGroup(this, 'AccessLog', {
      retention: stage.logRetentionDays,
      removalPolicy: removal(stage),
    });
    const all = stageThrottle(stage);
    const live = new apigateway.Stage(this, 'Stage', {
      deployment: new apigateway.Deployment(this, 'Deployment', { api: asInterface<apigateway.IRestApi>(api) }),
      stageName: 'live',
      tracingEnabled: true,
      metricsEnabled: true,
      throttlingRateLimit: all.ratePerSecond,
      throttlingBurstLimit: all.burst,
      methodOptions: Object.fromEntries(
        [...methodThrottles(stage)].map(([method, { ratePerSecond, burst }]) => [
          method,
          // What a method's own entry leaves out is not taken from the stage's.
          { throttlingRateLimit: ratePerSecond, throttlingBurstLimit: burst, metricsEnabled: true },
        ]),
      ),
      accessLogDestination: new apigateway.LogGroupLogDestination(accessLog),
      accessLogFormat: apigateway.AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
      // Functions learn here where they are reached; through a variable of theirs it would be a circle of references.
      variables: { publicUrl: publicUrl(stage, api, this) },
    });
    if (stage.accountLogRole === 'create') live.node.addDependency(this.accountLogRole());
    accept(live, 'AwsSolutions::AwsSolutions-APIG3', 'the web ACL is associated in this stack');
    accept(
      live,
      'AwsSolutions::AwsSolutions-APIG6',
      'the access log has a line a request; execution logs would hold bodies and tokens',
    );
    new CfnOutput(this, 'Url', { value: publicUrl(stage, api, this) });
    return live;
  }

  /** API Gateway writes access logs with one role for the whole account and region; it is kept when this stack goes. */
  private accountLogRole(): Construct {
    const role = new iam.Role(this, 'AccountLogRole', {
      assumedBy: new iam.ServicePrincipal('apigateway.amazonaws.com'),
      managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName(PUSH_LOGS)],
    });
    accept(
      role,
      `AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${PUSH_LOGS}]`,
      'the policy that API Gateway asks for; the role serves every API of the account',
    );
    role.applyRemovalPolicy(RemovalPolicy.RETAIN);
    const account = new apigateway.CfnAccount(this, 'Account', { cloudWatchRoleArn: role.roleArn });
    account.applyRemovalPolicy(RemovalPolicy.RETAIN);
    return account;
  }

  private customDomain({ name, certificateArn }: NonNullable<Stage['domain']>, live: apigateway.Stage) {
    // The plain resource: CDK's construct has no setting for dual-stack yet.
    const domain = new apigateway.CfnDomainName(this, 'Domain', {
      domainName: name,
      regionalCertificateArn: certificateArn,
      endpointConfiguration: { types: ['REGIONAL'], ipAddressType: 'dualstack' },
      securityPolicy: 'TLS_1_2',
    });
    new apigateway.CfnBasePathMapping(this, 'Mapping', {
      domainName: domain.ref,
      restApiId: live.restApi.restApiId,
      stage: live.stageName,
    });
    new CfnOutput(this, 'DomainTarget', { value: domain.attrRegionalDomainName });
    new CfnOutput(this, 'DomainZone', { value: domain.attrRegionalHostedZoneId });
  }

  private watch(live: apigateway.Stage, monitoring: Monitoring) {
    const faults = live.metricServerError({ period: PERIOD, statistic: 'Sum' });
    const refused = live.metricClientError({ period: PERIOD, statistic: 'Sum' });
    const latency = live.metricLatency({ period: PERIOD, statistic: 'p99' });
    const impact = 'Callers get server errors.';
    monitoring.alarm('Gateway server errors', 'api', { metric: faults, threshold: 5, impact });
    monitoring.alarm('Gateway slow', 'api', {
      metric: latency,
      threshold: 5_000,
      periods: 3,
      impact: 'Callers wait for seconds.',
    });
    monitoring.row('gateway', [live.metricCount({ period: PERIOD })], [faults, refused], [latency]);
  }
}

const publicUrl = ({ domain }: Stage, api: apigateway.SpecRestApi, stack: Stack): string =>
  domain
    ? `https://${domain.name}`
    : Fn.join('', ['https://', api.restApiId, '.execute-api.', stack.region, '.', stack.urlSuffix, '/live']);

const PUSH_LOGS = 'service-role/AmazonAPIGatewayPushToCloudWatchLogs';

/** No query, no header, no body: tokens and personal data stay out of the log. */
const ACCESS_LOG = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  method: '$context.httpMethod',
  path: '$context.resourcePath',
  status: '$context.status',
  sourceIp: '$context.identity.sourceIp',
  principal: '$context.authorizer.principalId',
  organisation: '$context.authorizer.organisation',
  latencyMs: '$context.responseLatency',
  integrationLatencyMs: '$context.integrationLatency',
  responseBytes: '$context.responseLength',
  errorType: '$context.error.responseType',
  wafStatus: '$context.wafResponseCode',
  traceId: '$context.xrayTraceId',
};
