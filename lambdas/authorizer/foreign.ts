import { claimedOrigin, type Opened, verifyForeign } from '../shared/credentials/foreign-token';
import { issuerRecordId } from '../shared/credentials/issuer';
import type { Identified } from './answer';
import { bearerOf } from './bearer-of';
import type { KnownIssuers } from './known-issuers';

/** Who bears a token that an issuer of somebody else has made. */
export function foreignIdentity(issuers: KnownIssuers, nowSeconds: () => number) {
  return async (opened: Opened): Promise<Identified> => {
    const found = await find(issuers, opened);
    if (!found) return { refused: 'unknown issuer' };
    const { id, known } = found;
    const { settings } = known.record;
    const now = nowSeconds();
    let { record } = known;
    let result = verifyForeign(opened, settings, (kid) => known.keys.get(kid), now);
    if (!result.ok && result.reason === 'unknown key') {
      const learnt = await issuers.learn(id, String(opened.header.value.kid));
      if (!learnt) return { refused: 'unknown issuer' };
      ({ record } = learnt);
      result = verifyForeign(opened, record.settings, (kid) => learnt.keys.get(kid), now);
    }
    return result.ok ? bearerOf(record, result.claims) : { refused: result.reason };
  };
}

/** The issuer that the token names, together with one of its audiences. */
async function find(issuers: KnownIssuers, opened: Opened) {
  const origin = claimedOrigin(opened);
  for (const audience of origin?.audiences ?? []) {
    const id = issuerRecordId({ issuer: origin?.issuer ?? '', audience });
    const known = await issuers.find(id);
    if (known) return { id, known };
  }
  return undefined;
}
