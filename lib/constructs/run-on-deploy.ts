import { CfnResource, type Duration } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

/**
 * A custom resource: CloudFormation runs `fn` when the stack is made and whenever one of the properties has changed,
 * and fails the deploy when it fails. (CDK's own construct writes the time as a string, which its validation refuses.)
 */
export function runOnDeploy(
  scope: Construct,
  fn: lambda.IFunction,
  timeout: Duration,
  properties: Readonly<Record<string, string>> = {},
): CfnResource {
  return new CfnResource(scope, 'Run', {
    type: 'AWS::CloudFormation::CustomResource',
    properties: { ServiceToken: fn.functionArn, ServiceTimeout: timeout.toSeconds(), ...properties },
  });
}
