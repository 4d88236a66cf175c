import { Stack } from 'aws-cdk-lib';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import type { Stage } from '../stages';
import { credentialsPerAddress, perAddress, strictRoutes } from './throttles';

/**
 * Rules of AWS's common set that read a body as if it were a form: events, GraphQL documents and webhook URLs would trip
 * them, and the gateway parses every body anyway. They count, so that an operator sees them, but do not block.
 */
const COUNT_ONLY = [
  'SizeRestrictions_BODY',
  'CrossSiteScripting_BODY',
  'GenericRFI_BODY',
  'EC2MetaDataSSRF_BODY',
  'GenericLFI_BODY',
];

const MANAGED = [
  { name: 'AWSManagedRulesAmazonIpReputationList', countOnly: [] },
  { name: 'AWSManagedRulesKnownBadInputsRuleSet', countOnly: [] },
  { name: 'AWSManagedRulesCommonRuleSet', countOnly: COUNT_ONLY },
];

/** The web ACL before the gateway: rates per address, sizes, and AWS's managed groups. */
export class Firewall extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id);
    const own = [
      rateRule('RatePerAddress', perAddress(stage)),
      rateRule('CredentialsPerAddress', credentialsPerAddress(stage), pathIsOneOf(credentialPaths())),
      LARGE_HEADERS,
      LARGE_BODY,
    ];
    const acl = new wafv2.CfnWebACL(this, 'WebAcl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      // CloudWatch tells web ACLs apart by this name alone.
      visibilityConfig: visible(Stack.of(this).stackName),
      rules: [...own, ...MANAGED.map(managedRule)].map((rule, priority) => ({ ...rule, priority })),
    });
    this.arn = acl.attrArn;
  }
}

type Rule = Omit<wafv2.CfnWebACL.RuleProperty, 'priority'>;

const credentialPaths = () => [
  ...new Set(strictRoutes().flatMap(({ path, addressLimit }) => (addressLimit === 'credentials' ? [path] : []))),
];

const visible = (metricName: string): wafv2.CfnWebACL.VisibilityConfigProperty => ({
  cloudWatchMetricsEnabled: true,
  sampledRequestsEnabled: true,
  metricName,
});

/**
 * Each address by itself (AWS WAF API reference, RateBasedStatement: "each individual address is an aggregation
 * instance"), of IPv6 too: whole networks are counted by the functions (lambdas/shared/limits/addresses.ts).
 */
const rateRule = (name: string, limit: number, scopeDownStatement?: wafv2.CfnWebACL.StatementProperty): Rule => ({
  name,
  action: { block: {} },
  visibilityConfig: visible(name),
  statement: {
    rateBasedStatement: {
      aggregateKeyType: 'IP',
      limit,
      evaluationWindowSec: 300,
      ...(scopeDownStatement && { scopeDownStatement }),
    },
  },
});

/**
 * By their ends, because without a domain of its own an API's paths begin with the name of its stage; decoded and with or
 * without a slash behind, as API Gateway routes them.
 */
const pathIsOneOf = (paths: readonly string[]): wafv2.CfnWebACL.StatementProperty => ({
  regexMatchStatement: {
    fieldToMatch: { uriPath: {} },
    regexString: `(${paths.join('|')})/?$`,
    textTransformations: [
      { priority: 0, type: 'URL_DECODE' },
      { priority: 1, type: 'NORMALIZE_PATH' },
    ],
  },
});

/**
 * Four million bytes and more: no contract takes as much (serve() refuses by each route's own bound). What comes without
 * a length is bounded by API Gateway alone.
 */
const LARGE_BODY: Rule = {
  name: 'LargeBody',
  action: { block: {} },
  visibilityConfig: visible('LargeBody'),
  statement: {
    regexMatchStatement: {
      fieldToMatch: { singleHeader: { Name: 'content-length' } },
      regexString: '^([4-9][0-9]{6}|[0-9]{8,})$',
      textTransformations: [{ priority: 0, type: 'NONE' }],
    },
  },
};

const MOST_HEADER_BYTES = 8_000;

/**
 * The common group bounds path, query and cookies. WAF looks at the first 8 kB of headers: more than that is nothing a caller of ours has to say.
 */
const LARGE_HEADERS: Rule = {
  name: 'LargeHeaders',
  action: { block: {} },
  visibilityConfig: visible('LargeHeaders'),
  statement: {
    sizeConstraintStatement: {
      fieldToMatch: { headers: { matchPattern: { all: {} }, matchScope: 'ALL', oversizeHandling: 'MATCH' } },
      comparisonOperator: 'GT',
      size: MOST_HEADER_BYTES,
      textTransformations: [{ priority: 0, type: 'NONE' }],
    },
  },
};

const managedRule = ({ name, countOnly }: (typeof MANAGED)[number]): Rule => ({
  name,
  overrideAction: { none: {} },
  visibilityConfig: visible(name),
  statement: {
    managedRuleGroupStatement: {
      vendorName: 'AWS',
      name,
      ruleActionOverrides: countOnly.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
    },
  },
});
