import { Fn, Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { asInterface } from './constructs/as-interface';
import { removal } from './constructs/removal';
import type { Stage } from './stages';

const POSTGRES_PORT = ec2.Port.tcp(5432);
const REDIS_PORT = ec2.Port.tcp(6379);
const HTTPS = ec2.Port.tcp(443);

/**
 * The VPC and who may speak to whom in it. A function that needs the database or the cache is made a member of that
 * store's clients; the stores admit their clients and nobody else.
 */
export class NetworkStack extends Stack {
  readonly vpc: ec2.IVpc;
  readonly databaseClients: ec2.SecurityGroup;
  readonly database: ec2.SecurityGroup;
  readonly cacheClients: ec2.SecurityGroup;
  readonly cache: ec2.SecurityGroup;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: StackProps & { readonly stage: Stage },
  ) {
    super(scope, id, props);
    const { stage } = props;
    const vpc = new ec2.Vpc(this, 'Vpc', {
      ...(stage.egress === 'nat' ? natEgress(stage) : IPV6_EGRESS),
      maxAzs: stage.availabilityZones,
      restrictDefaultSecurityGroup: false,
    });
    this.vpc = asInterface<ec2.IVpc>(vpc);
    // Both are free. S3 is for CloudFormation: the address that a custom resource answers to speaks IPv4 only.
    vpc.addGatewayEndpoint('DynamoDb', { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB });
    vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
    this.flowLog(stage, vpc);
    [this.databaseClients, this.database] = this.pair('Database', POSTGRES_PORT);
    // The proxy stands in the same group as the cluster it speaks to.
    this.database.addIngressRule(this.database, POSTGRES_PORT, 'from the proxy');
    this.database.addEgressRule(this.database, POSTGRES_PORT, 'from the proxy to the cluster');
    [this.cacheClients, this.cache] = this.pair('Cache', REDIS_PORT);
  }

  /** Without a fixed account CDK assumes two zones; these are taken by number when the stack is deployed. */
  override get availabilityZones(): string[] {
    return Array.from({ length: this.props.stage.availabilityZones }, (_, zone) => Fn.select(zone, Fn.getAzs()));
  }

  private pair(store: string, port: ec2.Port): [ec2.SecurityGroup, ec2.SecurityGroup] {
    const clients = this.group(`${store}Clients`, `May speak to the ${store.toLowerCase()}`);
    const group = this.group(store, `The ${store.toLowerCase()}`);
    clients.addEgressRule(group, port, `to the ${store.toLowerCase()}`);
    clients.addEgressRule(ec2.Peer.anyIpv4(), HTTPS, 'to AWS');
    clients.addEgressRule(ec2.Peer.anyIpv6(), HTTPS, 'to AWS');
    group.addIngressRule(clients, port, 'from its clients');
    return [clients, group];
  }

  private group(id: string, description: string): ec2.SecurityGroup {
    return new ec2.SecurityGroup(this, id, { vpc: this.vpc, description, allowAllOutbound: false });
  }

  private flowLog(stage: Stage, vpc: ec2.Vpc) {
    const logGroup = new logs.LogGroup(this, 'FlowLog', {
      retention: stage.logRetentionDays,
      removalPolicy: removal(stage),
    });
    vpc.addFlowLog('Flow', {
      destination: ec2.FlowLogDestination.toCloudWatchLogs(logGroup),
      trafficType: ec2.FlowLogTrafficType.REJECT,
    });
  }
}

const IPV6_EGRESS: ec2.VpcProps = {
  ipProtocol: ec2.IpProtocol.DUAL_STACK,
  natGateways: 0,
  subnetConfiguration: [{ name: 'private', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS }],
};

const natEgress = (stage: Stage): ec2.VpcProps => ({
  natGateways: stage.availabilityZones,
  subnetConfiguration: [
    { name: 'public', subnetType: ec2.SubnetType.PUBLIC, mapPublicIpOnLaunch: false },
    { name: 'private', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
  ],
});
