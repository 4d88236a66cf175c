import type { SecretsManagerRotationEvent } from 'aws-lambda';

/** The versions of one secret; Secrets Manager behind it. */
export interface SecretVersions {
  /** The value in force. */
  current(secretId: string): Promise<string>;
  /**
   * The value of the version that this rotation makes, or nothing before it is made. By its id and not by AWSPENDING,
   * which stays on the version of a rotation that was called off.
   */
  pending(secretId: string, versionId: string): Promise<string | undefined>;
  putPending(secretId: string, versionId: string, value: string): Promise<void>;
  /** When a rotation of it was last completed, in seconds since 1970; 0 for never. */
  rotatedAtSeconds(secretId: string): Promise<number>;
  /** Makes the pending version the current one. Doing it twice changes nothing. */
  promote(secretId: string, versionId: string): Promise<void>;
}

/** How one kind of secret is renewed. Every step may be repeated: Secrets Manager retries a rotation from its start. */
export interface Renewal {
  /** The value to come, from the one in force. Throws where it is too early for another one. */
  next(current: string, rotatedAtSeconds: number): string;
  /** Makes the new value valid where it is used, beside the old one or in its place. */
  apply(current: string, pending: string): Promise<void>;
  /** Throws unless the new value works. */
  test(pending: string): Promise<void>;
  /** Does what can be done only when the new value counts. */
  settle?(current: string): Promise<void>;
}

/** The four steps of a rotation, as Secrets Manager calls them. */
export const rotation =
  (versions: SecretVersions, renewalOf: (secretId: string) => Renewal) =>
  async ({ Step, SecretId, ClientRequestToken }: SecretsManagerRotationEvent): Promise<void> => {
    const renewal = renewalOf(SecretId);
    const pending = await versions.pending(SecretId, ClientRequestToken);
    if (Step === 'createSecret') {
      if (pending !== undefined) return;
      const next = renewal.next(await versions.current(SecretId), await versions.rotatedAtSeconds(SecretId));
      return versions.putPending(SecretId, ClientRequestToken, next);
    }
    if (pending === undefined) throw new Error(`${Step}: createSecret has made no version ${ClientRequestToken}`);
    switch (Step) {
      case 'setSecret':
        return renewal.apply(await versions.current(SecretId), pending);
      case 'testSecret':
        return renewal.test(pending);
      case 'finishSecret':
        await versions.promote(SecretId, ClientRequestToken);
        return renewal.settle?.(pending);
    }
  };
