import type { SecretsManagerRotationEvent } from 'aws-lambda';
import { type Renewal, rotation } from '../../lambdas/rotate/rotate';
import { secretVersions } from '../../lambdas/rotate/secret-versions';
import type { TestAws } from '../support/aws';

export const SECRET = 'rotated';
export const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
type Step = SecretsManagerRotationEvent['Step'];

/** Secrets Manager's side of a rotation: what it does with the versions and which step it asks for when. */
export function rotationOf(aws: TestAws, renewal: Renewal) {
  const handler = rotation(secretVersions, () => renewal);
  const secret = () => aws.secrets.find(SECRET) ?? aws.secrets.ensure(SECRET, SECRET, () => '');
  const value = (stage: string) => secret().versions.find(({ stages }) => stages.includes(stage))?.value;
  const begin = (token: string) => aws.secrets.put(secret(), token, undefined, ['AWSPENDING']);
  const step = (Step: Step, token: string) => handler({ Step, SecretId: SECRET, ClientRequestToken: token });
  return {
    current: () => value('AWSCURRENT') ?? '',
    pending: () => value('AWSPENDING') ?? '',
    /** As on RotateSecret: a version without a value bears AWSPENDING when the first step is asked for. */
    begin,
    step,
    async rotate(token: string, steps: readonly Step[] = STEPS) {
      begin(token);
      for (const name of steps) await step(name, token);
    },
  };
}
