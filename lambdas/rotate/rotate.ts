import type { SecretsManagerRotationEvent } from 'aws-lambda';

/** The versions of one secret; Secrets Manager behind it. */
export interface SecretVersions {
  /** The value under a stage, or nothing when no version bears it. */
  read(secretId: string, stage: 'AWSCURRENT' | 'AWSPENDING'): Promise<string | undefined>;
  putPending(secretId: string, versionId: string, value: string): Promise<void>;
  /** Makes the pending version the current one. Doing it twice changes nothing. */
  promote(secretId: string, versionId: string): Promise<void>;
}

/** How one kind of secret is renewed. Every step may be repeated: Secrets Manager retries a rotation from its start. */
export interface Renewal {
  /** The value to come, from the one in force. */
  next(current: string): string;
  /** Makes the new value valid where it is used, beside the old one or in its place. */
  apply(current: string, pending: string): Promise<void>;
  /** Throws unless the new value works. */
  test(pending: string): Promise<void>;
}

/** The four steps of a rotation, as Secrets Manager calls them. */
export const rotation =
  (versions: SecretVersions, renewalOf: (secretId: string) => Renewal) =>
  async ({ Step, SecretId, ClientRequestToken }: SecretsManagerRotationEvent): Promise<void> => {
    const renewal = renewalOf(SecretId);
    const need = async (stage: 'AWSCURRENT' | 'AWSPENDING') => {
      const value = await versions.read(SecretId, stage);
      if (value === undefined) throw new Error(`the secret has no ${stage} value`);
      return value;
    };
    switch (Step) {
      case 'createSecret':
        if ((await versions.read(SecretId, 'AWSPENDING')) !== undefined) return;
        return versions.putPending(SecretId, ClientRequestToken, renewal.next(await need('AWSCURRENT')));
      case 'setSecret':
        return renewal.apply(await need('AWSCURRENT'), await need('AWSPENDING'));
      case 'testSecret':
        return renewal.test(await need('AWSPENDING'));
      case 'finishSecret':
        return versions.promote(SecretId, ClientRequestToken);
    }
  };
