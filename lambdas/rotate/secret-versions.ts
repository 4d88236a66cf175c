import * as z from 'zod/mini';
import { AwsError, awsCall } from '../shared/aws/aws-call';
import { putSecretText, readSecretText } from '../shared/stores/secrets';
import type { SecretVersions } from './rotate';

const Description = z.object({
  LastRotatedDate: z.optional(z.number()),
  VersionIdsToStages: z.optional(z.record(z.string(), z.array(z.string()))),
});

const describe = async (secretId: string) =>
  Description.parse(await awsCall('secretsmanager', 'DescribeSecret', { SecretId: secretId }));

/** The versions in Secrets Manager. It answers that a version is not found as long as it has no value. */
export const secretVersions: SecretVersions = {
  current: (secretId) => readSecretText(secretId),

  pending: (secretId, versionId) =>
    readSecretText(secretId, versionId).catch((error: unknown) => {
      if (error instanceof AwsError && error.type === 'ResourceNotFoundException') return undefined;
      throw error;
    }),

  putPending: (secretId, versionId, value) => putSecretText(secretId, value, { id: versionId, stages: ['AWSPENDING'] }),

  rotatedAtSeconds: async (secretId) => (await describe(secretId)).LastRotatedDate ?? 0,

  async promote(secretId, versionId) {
    const { VersionIdsToStages = {} } = await describe(secretId);
    const current = Object.keys(VersionIdsToStages).find((id) => VersionIdsToStages[id]?.includes('AWSCURRENT'));
    if (current === versionId) return;
    await awsCall('secretsmanager', 'UpdateSecretVersionStage', {
      SecretId: secretId,
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: versionId,
      RemoveFromVersionId: current,
    });
  },
};
