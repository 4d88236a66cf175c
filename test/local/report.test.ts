import { notEmulated } from '../../local/report';
import { resource } from './support';

const of = (...types: string[]) => types.map((type, index) => resource(type, `R${index}`, {}));

test('what is not emulated is named by service, and counted where there is more than one', () => {
  const alarms = of('AWS::CloudWatch::Alarm', 'AWS::SNS::Topic', 'AWS::CloudWatch::Alarm', 'AWS::Lambda::LayerVersion');
  expect(notEmulated(alarms)).toEqual(['CloudWatch (2 Alarm)', 'Lambda (LayerVersion)', 'SNS (Topic)']);
});

test('a network is only counted', () => {
  const parts = ['VPC', 'Subnet', 'Subnet', 'Route', 'RouteTable', 'InternetGateway'];
  expect(notEmulated(of(...parts.map((part) => `AWS::EC2::${part}`)))).toEqual(['EC2 (6 resources)']);
});

test('what is emulated is not named', () => {
  expect(
    notEmulated(of('AWS::Lambda::Function', 'AWS::SQS::Queue', 'Custom::Migration', 'AWS::CDK::Metadata')),
  ).toEqual([]);
});

test("the API's stage is served without throttling, and that is said", () => {
  const stage = resource('AWS::ApiGateway::Stage', 'Stage', { StageName: 'live', MethodSettings: [], Variables: {} });
  expect(notEmulated([stage])).toEqual(["the stage's throttling and method metrics"]);
});
