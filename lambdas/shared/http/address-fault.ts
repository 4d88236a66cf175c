import { urlOf } from '../url';
import { isPublicHost, NOT_PUBLIC_ADDRESS } from './public-address';

/**
 * What is wrong with an address that somebody has named; nothing where it may be asked. A literal address is never looked
 * up, so it is looked at here.
 */
export function faultInAddress(
  address: string,
  { privateTargets }: { readonly privateTargets: boolean },
): string | undefined {
  const url = urlOf(address);
  if (!url) return 'its address is no URL';
  if (url.username || url.password) return 'its address holds a login';
  if (privateTargets && url.protocol === 'http:') return undefined;
  if (url.protocol !== 'https:') return 'only https addresses are fetched';
  return privateTargets || isPublicHost(url.hostname) ? undefined : NOT_PUBLIC_ADDRESS;
}
