import { STAGE_NAMES, stageOf } from '../../lib/stages';
import { nameOf, roleOf } from '../support/functions';
import { stages } from '../support/synthesize';
import { at, type Deployed, list, type Resource, text } from '../support/template';

const functionsOf = (deployed: Deployed) => deployed.of('AWS::Lambda::Function');
const alarmsOf = (deployed: Deployed, { id, stack }: Resource) =>
  deployed
    .of('AWS::CloudWatch::Alarm')
    .filter((alarm) => alarm.stack === stack && JSON.stringify(alarm.Properties).includes(`"${id}"`));

/** The metrics that an alarm looks at. */
const metricsOf = ({ Properties }: Resource): readonly unknown[] => {
  const computed = list(Properties.Metrics).map((metric) => at(metric, 'MetricStat', 'Metric'));
  return [Properties, ...computed].filter((metric) => at(metric, 'MetricName') !== undefined);
};

describe.each(STAGE_NAMES)('each function of %s', (name) => {
  test('is there', () => {
    expect(functionsOf(stages[name]).map(nameOf).toSorted()).toEqual(
      [
        'Services AuthApi',
        'Services AuthAuthorizer',
        'Services AuditApi',
        'Services IssuersApi',
        'Services IssuersKeys',
        'Services IssuersRefresh',
        'Services KeysApi',
        'Services LimitsApi',
        'Services TenantsApi',
        'Services AuthRotate',
        'Services GraphApi',
        'Services GraphPlan',
        'Services MigrationsMigrate',
        'Services PlatformApi',
        'Services RegistryApi',
        'Services RegistryCheck',
        'Services RegistryFetch',
        'Services WebhooksApi',
        'Services WebhooksDeliver',
        'Services WebhooksSweep',
        ...(stageOf(name).seedLogins ? ['Services Seed'] : []),
        ...(stageOf(name).exampleSubgraphs
          ? [
              'Examples MigrationsMigrate',
              'Examples accounts',
              'Examples products',
              'Examples reviews',
              'Services PublishedExamples',
            ]
          : []),
      ].toSorted(),
    );
  });

  test('runs on Node 24 on arm64 with tracing', () => {
    for (const { Properties } of functionsOf(stages[name]))
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        TracingConfig: { Mode: 'Active' },
      });
  });

  test('logs into a group of its own, which forgets after the days of the stage', () => {
    const groups = functionsOf(stages[name]).map((fn) => {
      const id = text(at(fn.Properties.LoggingConfig, 'LogGroup', 'Ref'));
      const group = stages[name].resources.find((resource) => resource.id === id && resource.stack === fn.stack);
      expect(group).toMatchObject({
        Type: 'AWS::Logs::LogGroup',
        Properties: { RetentionInDays: stageOf(name).logRetentionDays },
      });
      return `${fn.stack} ${id}`;
    });
    expect(new Set(groups).size).toBe(groups.length);
  });

  test('has an environment that Lambda takes: 4 KB in all', () => {
    for (const fn of functionsOf(stages[name])) {
      const variables = Object.entries(Object(at(fn.Properties, 'Environment', 'Variables')));
      const bytes = variables.reduce((sum, [key, value]) => sum + key.length + JSON.stringify(value).length, 0);
      expect(bytes).toBeLessThan(4_096);
    }
  });

  test('has a role of its own, without a managed policy', () => {
    const roles = functionsOf(stages[name]).map((fn) => roleOf(stages[name], fn));
    expect(roles.filter(({ Properties }) => 'ManagedPolicyArns' in Properties)).toEqual([]);
    expect(new Set(roles).size).toBe(roles.length);
  });

  test('rings when it fails, when it is throttled and when it comes near its timeout', () => {
    for (const fn of functionsOf(stages[name])) {
      const metrics = alarmsOf(stages[name], fn).flatMap(metricsOf);
      const isApi = text(at(fn.Properties, 'Environment', 'Variables', 'LIMITS') ?? '') !== '';
      expect(metrics.map((metric) => text(at(metric, 'MetricName'))).toSorted()).toEqual([
        ...(isApi ? ['Degraded'] : []),
        'Duration',
        'Errors',
        'Faults',
        // Nobody would miss a sweep that does not run.
        ...(nameOf(fn) === 'Services WebhooksSweep' ? ['Invocations'] : []),
        ...(['Services GraphApi', 'Services RegistryCheck'].includes(nameOf(fn)) ? ['SubgraphAway'] : []),
        'Throttles',
      ]);
      const duration = alarmsOf(stages[name], fn).find(({ Properties }) => Properties.MetricName === 'Duration');
      expect(duration?.Properties.Threshold).toBeLessThan(Number(fn.Properties.Timeout) * 1000);
    }
  });

  test('rings on the faults that serve() turned into a 500: the alarm names both dimensions of that metric', () => {
    for (const fn of functionsOf(stages[name])) {
      const metrics = alarmsOf(stages[name], fn).flatMap(metricsOf);
      expect(metrics.find((metric) => at(metric, 'MetricName') === 'Faults')).toEqual({
        Namespace: 'Gatehouse',
        MetricName: 'Faults',
        Dimensions: [
          { Name: 'function', Value: { Ref: fn.id } },
          { Name: 'service', Value: 'gatehouse' },
        ],
      });
    }
  });

  test('has its row on the dashboard of its stack', () => {
    for (const fn of functionsOf(stages[name])) {
      const dashboard = stages[name].of('AWS::CloudWatch::Dashboard').find(({ stack }) => stack === fn.stack);
      expect(JSON.stringify(dashboard?.Properties.DashboardBody)).toContain(`{"Ref":"${fn.id}"}`);
    }
  });

  test('shows on the dashboard what the graph would refuse if it were enforced', () => {
    const shown = JSON.stringify(stages[name].of('AWS::CloudWatch::Dashboard').map(({ Properties }) => Properties));
    for (const metric of ['DocumentsOverLimit', 'OperationsOverBudget', 'UnknownDocuments'])
      expect(shown).toContain(metric);
  });

  test('leaves room for its answer before API Gateway gives up on it', () => {
    const behindTheGateway = functionsOf(stages[name]).filter(({ id }) => /Api|Authorizer/.test(id));
    expect(behindTheGateway).toHaveLength(11);
    for (const { Properties } of behindTheGateway) expect(Properties.Timeout).toBeLessThan(29);
  });

  test('stands in the VPC when it needs a store there, and only then', () => {
    for (const fn of functionsOf(stages[name])) {
      const needs = Object.keys(at(fn.Properties.Environment, 'Variables') ?? {}).some((key) =>
        /^(DATABASE|REDIS)_/.test(key),
      );
      expect({ fn: fn.id, inVpc: 'VpcConfig' in fn.Properties }).toEqual({ fn: fn.id, inVpc: needs });
    }
  });

  test('that answers pages knows the origin of the stage', () => {
    const knowing = functionsOf(stages[name]).filter(
      ({ Properties }) => at(Properties.Environment, 'Variables', 'CORS_ORIGIN') === stageOf(name).corsOrigin,
    );
    expect(knowing.map(nameOf).toSorted()).toEqual([
      'Services AuditApi',
      'Services AuthApi',
      'Services GraphApi',
      'Services IssuersApi',
      'Services KeysApi',
      'Services LimitsApi',
      'Services PlatformApi',
      'Services RegistryApi',
      'Services TenantsApi',
      'Services WebhooksApi',
    ]);
  });
});

test('a single failed rotation rings: nobody else would tell', () => {
  const [rotate] = functionsOf(stages.prod).filter(({ id }) => id.startsWith('AuthRotate'));
  if (!rotate) throw new Error('no rotation function');
  const failing = alarmsOf(stages.prod, rotate).find(({ Properties }) => Properties.Metrics);
  expect(failing?.Properties.Threshold).toBe(1);
});

const dualStack = ({ Properties }: Resource) => ({
  endpoints: at(Properties.Environment, 'Variables', 'AWS_USE_DUALSTACK_ENDPOINT'),
  interface: at(Properties.VpcConfig, 'Ipv6AllowedForDualStack'),
});

describe('a stage that leaves by IPv6', () => {
  test('gives its functions IPv6 addresses and names of AWS that have them', () => {
    const inVpc = functionsOf(stages.dev).filter(({ Properties }) => 'VpcConfig' in Properties);
    expect(inVpc.map(dualStack)).toEqual(inVpc.map(() => ({ endpoints: 'true', interface: true })));
  });

  test('is the only one to do so', () => {
    const endpoints = functionsOf(stages.prod).map((fn) => dualStack(fn).endpoints);
    expect(endpoints).toEqual(endpoints.map(() => undefined));
  });
});

test('a custom resource is given up on in seconds that CloudFormation takes, and not before its function', () => {
  for (const { stack, Properties } of stages.dev.of('AWS::CloudFormation::CustomResource')) {
    const fn = functionsOf(stages.dev).find(
      ({ id, stack: where }) => where === stack && id === at(Properties.ServiceToken, 'Fn::GetAtt', 0),
    );
    expect(Properties.ServiceTimeout).toBe(fn?.Properties.Timeout);
    expect(Properties.ServiceTimeout).toBeLessThanOrEqual(3600);
  }
});

test('no function of a feature is changed before the migrations have run', () => {
  const late = functionsOf(stages.prod).filter(({ id }) =>
    /^(Auth|Platform|Graph|Tenants|Keys|Limits|Audit|Issuers|Registry)/.test(id),
  );
  for (const { DependsOn } of late)
    expect(list(DependsOn).some((id) => text(id).startsWith('MigrationsRun'))).toBe(true);
  expect(late).toHaveLength(16);
});
