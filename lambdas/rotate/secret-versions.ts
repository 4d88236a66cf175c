import { readSecretText, secretsManager } from '../shared/secrets';
import type { SecretVersions } from './rotate';

/** The versions in Secrets Manager. It answers that a version is not found as long as it has no value. */
export const secretVersions: SecretVersions = {
  current: (secretId) => readSecretText(secretId),

  async pending(secretId, versionId) {
    const { ResourceNotFoundException } = await secretsManager();
    return readSecretText(secretId, versionId).catch((error: unknown) => {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    });
  },

  async putPending(secretId, versionId, value) {
    const { client, PutSecretValueCommand } = await secretsManager();
    await client.send(
      new PutSecretValueCommand({
        SecretId: secretId,
        ClientRequestToken: versionId,
        SecretString: value,
        VersionStages: ['AWSPENDING'],
      }),
    );
  },

  async promote(secretId, versionId) {
    const { client, DescribeSecretCommand, UpdateSecretVersionStageCommand } = await secretsManager();
    const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId: secretId }));
    const current = Object.keys(VersionIdsToStages).find((id) => VersionIdsToStages[id]?.includes('AWSCURRENT'));
    if (current === versionId) return;
    await client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: secretId,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: versionId,
        RemoveFromVersionId: current,
      }),
    );
  },
};
