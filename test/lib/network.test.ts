import { stages } from '../support/synthesize';
import { at, type Deployed, list, text } from '../support/template';

/** The destinations of a stage's default routes, each with the type of what it leads to. */
const routesOf = (deployed: Deployed) =>
  deployed.of('AWS::EC2::Route').map(({ Properties }) => {
    const target = ['NatGatewayId', 'EgressOnlyInternetGatewayId', 'GatewayId'].find((name) => name in Properties);
    return `${String(Properties.DestinationIpv6CidrBlock ?? Properties.DestinationCidrBlock)} ${target}`;
  });

const subnetsOf = (deployed: Deployed, type: string) =>
  deployed
    .of('AWS::EC2::Subnet')
    .filter(({ Properties: { Tags } }) => JSON.stringify(Tags).includes(`"aws-cdk:subnet-type","Value":"${type}"`));

describe.each([
  ['staging', 2],
  ['prod', 3],
] as const)('%s, which leaves by NAT', (name, zones) => {
  test(`has a NAT gateway in each of its ${zones} zones, so that a zone can fail alone`, () => {
    expect(stages[name].of('AWS::EC2::NatGateway')).toHaveLength(zones);
    expect(routesOf(stages[name]).toSorted()).toEqual([
      ...Array<string>(zones).fill('0.0.0.0/0 GatewayId'),
      ...Array<string>(zones).fill('0.0.0.0/0 NatGatewayId'),
    ]);
    const zonesUsed = subnetsOf(stages[name], 'Private').map(({ Properties }) =>
      at(Properties.AvailabilityZone, 'Fn::Select', 0),
    );
    expect(zonesUsed).toEqual([0, 1, 2].slice(0, zones));
  });

  test('gives no address of the Internet to whoever starts in a public subnet', () => {
    const assigned = subnetsOf(stages[name], 'Public').map(({ Properties }) => Properties.MapPublicIpOnLaunch);
    expect(assigned).toEqual(Array(zones).fill(false));
  });
});

describe.each(['local', 'dev'] as const)('%s, which leaves by IPv6', (name) => {
  test('has nothing that costs money when idle: no NAT gateway, no address, no public subnet', () => {
    expect(stages[name].of('AWS::EC2::NatGateway')).toEqual([]);
    expect(stages[name].of('AWS::EC2::EIP')).toEqual([]);
    expect(subnetsOf(stages[name], 'Public')).toEqual([]);
  });

  test('has dual-stack subnets whose only way out admits no connection from outside', () => {
    const addresses = subnetsOf(stages[name], 'Private').map(
      ({ Properties }) => Properties.AssignIpv6AddressOnCreation,
    );
    expect(addresses).toEqual([true, true]);
    expect(stages[name].of('AWS::EC2::EgressOnlyInternetGateway')).toHaveLength(1);
    expect(routesOf(stages[name])).toEqual(Array(2).fill('::/0 EgressOnlyInternetGatewayId'));
  });
});

test.each(['dev', 'prod'] as const)('%s reaches DynamoDB and S3 without leaving AWS', (name) => {
  const endpoints = stages[name].of('AWS::EC2::VPCEndpoint');
  expect(endpoints.map(({ Properties }) => stages[name].readable(Properties.ServiceName))).toEqual([
    'com.amazonaws.AWS::Region.dynamodb',
    'com.amazonaws.AWS::Region.s3',
  ]);
  const privateTables = stages[name].of('AWS::EC2::RouteTable').filter(({ id }) => id.includes('private'));
  for (const { Properties } of endpoints)
    for (const { id } of privateTables) expect(JSON.stringify(Properties.RouteTableIds)).toContain(id);
});

const addressOf = (rule: unknown) => text(at(rule, 'CidrIp')) || text(at(rule, 'CidrIpv6'));
const portsOf = (rule: unknown) =>
  `${text(at(rule, 'IpProtocol'))} ${String(at(rule, 'FromPort'))}-${String(at(rule, 'ToPort'))}`;

/** Every rule of every security group as who may speak to whom; a range of ports shows as one. */
function rulesOf(deployed: Deployed): string[] {
  const show = (from: unknown, to: unknown, rule: unknown) =>
    `${deployed.readable(from)} -> ${deployed.readable(to)} ${portsOf(rule)}`;
  const inline = deployed
    .of('AWS::EC2::SecurityGroup')
    .flatMap(({ id, Properties }) => [
      ...list(Properties.SecurityGroupEgress).map((rule) => show({ Ref: id }, addressOf(rule), rule)),
      ...list(Properties.SecurityGroupIngress).map((rule) => show(addressOf(rule), { Ref: id }, rule)),
    ]);
  const egress = deployed
    .of('AWS::EC2::SecurityGroupEgress')
    .map(({ Properties: rule }) => show(rule.GroupId, rule.DestinationSecurityGroupId, rule));
  const ingress = deployed
    .of('AWS::EC2::SecurityGroupIngress')
    .map(({ Properties: rule }) => show(rule.SourceSecurityGroupId, rule.GroupId, rule));
  return [...inline, ...egress, ...ingress];
}

test.each(['dev', 'prod'] as const)(
  'in %s clients speak to their store and to AWS, and nobody else speaks to anybody',
  (name) => {
    expect([...new Set(rulesOf(stages[name]))].toSorted()).toEqual([
      'Cache -> 255.255.255.255/32 icmp 252-86', // CDK's way to say that a group may speak to nobody
      'CacheClients -> 0.0.0.0/0 tcp 443-443',
      'CacheClients -> ::/0 tcp 443-443',
      'CacheClients -> Cache tcp 6379-6379',
      'Database -> Database tcp 5432-5432', // from the proxy to the cluster, which share the group
      'DatabaseClients -> 0.0.0.0/0 tcp 443-443',
      'DatabaseClients -> ::/0 tcp 443-443',
      'DatabaseClients -> Database tcp 5432-5432',
    ]);
  },
);

test.each(['dev', 'prod'] as const)('both ends of every rule of %s agree', (name) => {
  const egress = stages[name].of('AWS::EC2::SecurityGroupEgress').map(({ Properties }) => Properties);
  const ingress = stages[name].of('AWS::EC2::SecurityGroupIngress').map(({ Properties }) => Properties);
  const said = egress.map(({ GroupId, DestinationSecurityGroupId }) => ({
    from: GroupId,
    to: DestinationSecurityGroupId,
  }));
  const heard = ingress.map(({ SourceSecurityGroupId, GroupId }) => ({ from: SourceSecurityGroupId, to: GroupId }));
  expect(heard).toEqual(expect.arrayContaining(said));
  expect(heard).toHaveLength(said.length);
});

test.each(['dev', 'prod'] as const)('refused connections of %s are logged', (name) => {
  expect(stages[name].only('AWS::EC2::FlowLog').Properties).toMatchObject({ TrafficType: 'REJECT' });
});
