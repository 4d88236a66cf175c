import { DEFAULT_MAX_BYTES } from '../../lambdas/shared/http/request';
import { strictRoutes } from '../../lib/gateway/throttles';
import { type Stage, stageOf } from '../../lib/stages';
import { everyRoute } from '../support/routes';
import { stages, synthesize } from '../support/synthesize';
import { at, type Deployed, list, text } from '../support/template';

const BOTH = ['dev', 'prod'] as const;
const domain: NonNullable<Stage['domain']> = {
  name: 'api.example.com',
  certificateArn: 'arn:aws:acm:eu-central-1:000000000000:certificate/1',
};

describe.each(BOTH)('the API of %s', (name) => {
  test('is regional and reached by IPv4 and IPv6', () => {
    expect(stages[name].only('AWS::ApiGateway::RestApi').Properties.EndpointConfiguration).toEqual({
      Types: ['REGIONAL'],
      IpAddressType: 'dualstack',
    });
  });

  const throttles = () =>
    new Map(
      list(stages[name].only('AWS::ApiGateway::Stage').Properties.MethodSettings).map((setting) => [
        `${text(at(setting, 'HttpMethod'))} ${text(at(setting, 'ResourcePath'))}`,
        { rate: at(setting, 'ThrottlingRateLimit'), burst: at(setting, 'ThrottlingBurstLimit') },
      ]),
    );

  test('lets through what the largest plan promises, for as many organisations as its stage says', () => {
    const { plans } = stageOf(name).limits;
    const { fullRateOrganisations: many, accountBurst } = stageOf(name).throttling;
    const { ratePerSecond, burst } = plans.enterprise.organisation;
    expect(throttles().get('* /*')).toEqual({
      rate: many * ratePerSecond,
      burst: Math.min(many * burst, accountBurst),
    });
  });

  test('throttles each open route with a strict limit by itself, for a hundred addresses', () => {
    const { credentials, discovery } = stageOf(name).limits.addresses;
    const most = Number(throttles().get('* /*')?.burst);
    const of = ({ ratePerSecond, burst }: typeof discovery) => ({
      rate: 100 * ratePerSecond,
      burst: Math.min(100 * burst, most),
    });
    expect(throttles().get('POST /~1v1~1auth~1token')).toEqual(of(credentials));
    expect(throttles().get('GET /~1.well-known~1jwks.json')).toEqual(of(discovery));
    expect([...throttles().keys()].filter((key) => key !== '* /*').toSorted()).toEqual(
      strictRoutes()
        .map(({ method, path }) => `${method} /${path.replaceAll('/', '~1')}`)
        .toSorted(),
    );
  });

  test('is traced, and logs a line a request', () => {
    const { Properties } = stages[name].only('AWS::ApiGateway::Stage');
    expect(Properties).toMatchObject({ TracingEnabled: true });
    const { Format } = Object(Properties.AccessLogSetting);
    expect(JSON.parse(text(Format))).toMatchObject({ requestId: '$context.requestId', status: '$context.status' });
    expect(Format).not.toMatch(/header|querystring|body/i);
  });

  test('tells functions where it is reached, in characters that a stage variable may hold', () => {
    const { Variables } = stages[name].only('AWS::ApiGateway::Stage').Properties;
    const publicUrl = stages[name].readable(at(Variables, 'publicUrl'));
    expect(publicUrl).toBe('https://Api.execute-api.AWS::Region.AWS::URLSuffix/live');
    expect(publicUrl).toMatch(/^[A-Za-z0-9\-._~:/?#&=,]+$/);
  });
});

const deploymentOf = (stage: Stage) => synthesize(stage).only('AWS::ApiGateway::Deployment').id;

test('a change of the document makes a new deployment, and nothing else does', () => {
  const dev = stageOf('dev');
  expect(deploymentOf({ ...dev, logRetentionDays: 30 })).toBe(deploymentOf(dev));
  expect(deploymentOf({ ...dev, corsOrigin: 'https://app.example.com' })).not.toBe(deploymentOf(dev));
});

describe.each(BOTH)('the firewall of %s', (name) => {
  const rules = () => list(stages[name].only('AWS::WAFv2::WebACL').Properties.Rules);

  test('stands before the live stage', () => {
    const { Properties } = stages[name].only('AWS::WAFv2::WebACLAssociation');
    expect(stages[name].readable(Properties.WebACLArn)).toBe('FirewallWebAcl');
    expect(stages[name].readable(Properties.ResourceArn)).toMatch(/:\/restapis\/Api\/stages\/Stage$/);
  });

  test('stops an address only where it asks twice as often as a whole organisation of the largest plan may', () => {
    const Limit = 10 * stageOf(name).limits.plans.enterprise.organisation.perMinute;
    expect(rules()[0]).toMatchObject({
      Action: { Block: {} },
      Statement: { RateBasedStatement: { AggregateKeyType: 'IP', EvaluationWindowSec: 300, Limit } },
    });
  });

  test('stops one sooner where credentials are taken, and later than its own limit does', () => {
    const { perMinute } = stageOf(name).limits.addresses.credentials;
    const statement = at(rules()[1], 'Statement', 'RateBasedStatement');
    expect(Number(at(statement, 'Limit'))).toBeGreaterThan(5 * perMinute);
    const rule = at(statement, 'ScopeDownStatement', 'RegexMatchStatement');
    const pattern = new RegExp(text(at(rule, 'RegexString')));
    for (const path of ['/v1/auth/token', '/live/v1/auth/token/', '/v1/auth/authorize', '/v1/auth/invitations/accept'])
      expect({ path, isMatch: pattern.test(path) }).toEqual({ path, isMatch: true });
    for (const path of ['/v1/auth/introspect', '/v1/auth/tokens', '/v1/members'])
      expect({ path, isMatch: pattern.test(path) }).toEqual({ path, isMatch: false });
    expect(list(at(rule, 'TextTransformations')).map((each) => at(each, 'Type'))).toEqual([
      'URL_DECODE',
      'NORMALIZE_PATH',
    ]);
  });

  test('stops headers that are too large to look at and bodies that no route takes, and asks its rules in a certain order', () => {
    expect(at(rules()[2], 'Statement', 'SizeConstraintStatement', 'FieldToMatch', 'Headers')).toMatchObject({
      OversizeHandling: 'MATCH',
    });
    const length = at(rules()[3], 'Statement', 'RegexMatchStatement');
    const tooLong = new RegExp(text(at(length, 'RegexString')));
    expect(['262144', '3999999', '4000000', '10485760'].map((bytes) => tooLong.test(bytes))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(rules().map((rule) => at(rule, 'Priority'))).toEqual(rules().map((_, index) => index));
  });

  test.each(everyRoute.filter(([, { body }]) => body))('lets the largest body through that %s takes', (_, { body }) => {
    const pattern = text(at(rules()[3], 'Statement', 'RegexMatchStatement', 'RegexString'));
    expect(new RegExp(pattern).test(String(body?.maxBytes ?? DEFAULT_MAX_BYTES))).toBe(false);
  });

  test('runs the groups that AWS keeps', () => {
    const groups = rules().flatMap((rule) => at(rule, 'Statement', 'ManagedRuleGroupStatement', 'Name') ?? []);
    expect(groups).toEqual([
      'AWSManagedRulesAmazonIpReputationList',
      'AWSManagedRulesKnownBadInputsRuleSet',
      'AWSManagedRulesCommonRuleSet',
    ]);
  });

  test('counts, and does not block, what reads a JSON body as if it were a form', () => {
    const overrides = rules().flatMap((rule) =>
      list(at(rule, 'Statement', 'ManagedRuleGroupStatement', 'RuleActionOverrides')),
    );
    expect(overrides.map((override) => text(at(override, 'Name'))).toSorted()).toEqual([
      'CrossSiteScripting_BODY',
      'EC2MetaDataSSRF_BODY',
      'GenericLFI_BODY',
      'GenericRFI_BODY',
      'SizeRestrictions_BODY',
    ]);
    expect(overrides.every((override) => at(override, 'ActionToUse', 'Count') !== undefined)).toBe(true);
  });

  test('has no two rules of one priority', () => {
    const priorities = rules().map((rule) => at(rule, 'Priority'));
    expect(new Set(priorities).size).toBe(priorities.length);
  });
});

describe('the log role of API Gateway, which the whole account shares', () => {
  test('is made where the stage says so, before the stage that logs, and stays when the stack goes', () => {
    const account = stages.dev.only('AWS::ApiGateway::Account');
    expect(account.DeletionPolicy).toBe('Retain');
    expect(list(stages.dev.only('AWS::ApiGateway::Stage').DependsOn)).toContain(account.id);
  });

  test('is left alone elsewhere', () => {
    expect(stages.prod.of('AWS::ApiGateway::Account')).toEqual([]);
  });
});

const withDomain = () => synthesize({ ...stageOf('prod'), domain });

describe('a stage with a domain', () => {
  test('is reached there by IPv4 and IPv6, over TLS 1.2 or newer', () => {
    expect(withDomain().only('AWS::ApiGateway::DomainName').Properties).toMatchObject({
      DomainName: 'api.example.com',
      RegionalCertificateArn: domain.certificateArn,
      EndpointConfiguration: { Types: ['REGIONAL'], IpAddressType: 'dualstack' },
      SecurityPolicy: 'TLS_1_2',
    });
  });

  test('is reached nowhere else, and says so to its functions', () => {
    const deployed = withDomain();
    expect(deployed.only('AWS::ApiGateway::RestApi').Properties.DisableExecuteApiEndpoint).toBe(true);
    expect(deployed.only('AWS::ApiGateway::Stage').Properties.Variables).toEqual({
      publicUrl: 'https://api.example.com',
    });
  });
});

/** Physical names that are unique only within their parent, or name nothing of ours. */
const INNER = [
  'PolicyName',
  'StageName',
  'TargetGroupName',
  'DatabaseName',
  'DBClusterParameterGroupName',
  'MetricName',
];
const namesOf = (deployed: Deployed) =>
  deployed.resources.flatMap(({ Type, Properties }) =>
    Object.entries(Properties)
      .filter(
        ([key, value]) => /(Name|UserId|UserGroupId)$/.test(key) && !INNER.includes(key) && typeof value === 'string',
      )
      .map(([key, value]) => `${Type} ${key} ${String(value)}`),
  );

test.each(BOTH)('two copies of %s share no name and fit one account and region', (name) => {
  const second = namesOf(synthesize(stageOf(name), 'Second'));
  const first = namesOf(stages[name]);
  expect(first.length).toBeGreaterThan(20);
  expect(first.filter((each) => second.includes(each))).toEqual([]);
});
