import { Stack } from 'aws-cdk-lib';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import type { Stage } from '../stages';

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

/** The web ACL before the gateway: AWS's managed groups and a rate per address. */
export class Firewall extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id);
    const acl = new wafv2.CfnWebACL(this, 'WebAcl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      // CloudWatch tells web ACLs apart by this name alone.
      visibilityConfig: visible(Stack.of(this).stackName),
      rules: [rateRule(stage), ...MANAGED.map(managedRule)],
    });
    this.arn = acl.attrArn;
  }
}

const visible = (metricName: string): wafv2.CfnWebACL.VisibilityConfigProperty => ({
  cloudWatchMetricsEnabled: true,
  sampledRequestsEnabled: true,
  metricName,
});

const rateRule = ({ firewall }: Stage): wafv2.CfnWebACL.RuleProperty => ({
  name: 'RatePerAddress',
  priority: 0,
  action: { block: {} },
  visibilityConfig: visible('RatePerAddress'),
  statement: {
    rateBasedStatement: { aggregateKeyType: 'IP', limit: firewall.requestsPerFiveMinutes, evaluationWindowSec: 300 },
  },
});

const managedRule = ({ name, countOnly }: (typeof MANAGED)[number], index: number): wafv2.CfnWebACL.RuleProperty => ({
  name,
  priority: index + 1,
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
