import type { FetchKeys } from '../shared/credentials/issuer-keys';
import type { Records } from '../shared/stores/records';
import type { Identify } from './answer';
import { foreignIdentity } from './foreign';
import { keyIdentity } from './key';
import { knownIssuers } from './known-issuers';
import { issuerSource, keyRecords, keySource } from './stores';
import { tokenIdentity } from './token';

interface Deps {
  readonly records: Records;
  readonly pepperSecret: string;
  readonly fetchKeys: FetchKeys;
  nowMs(): number;
}

/** Whose credential it is: an API key, a token of ours, or a token of an issuer that somebody here trusts. */
export function credentialIdentity({ records, pepperSecret, fetchKeys, nowMs }: Deps): Identify {
  const nowSeconds = () => Math.floor(nowMs() / 1000);
  const issuers = knownIssuers(issuerSource(records, fetchKeys, nowMs));
  const ofKey = keyIdentity(keyRecords(records, pepperSecret, nowMs));
  const foreign = foreignIdentity(issuers, nowSeconds);
  const ofToken = tokenIdentity({ ...keySource(records, nowMs), nowSeconds, foreign });
  return (credential, issuer, address) =>
    credential.startsWith('ghk_') ? ofKey(credential, address) : ofToken(credential, issuer, address);
}
