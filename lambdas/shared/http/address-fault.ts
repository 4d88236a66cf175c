import { isIP } from 'node:net';
import { isPublic, NOT_PUBLIC_ADDRESS } from './public-address';

/**
 * What is wrong with an address that somebody has named; nothing where it may be asked. A literal address is never looked
 * up, so it is looked at here.
 */
export function faultInAddress(
  address: string,
  { privateTargets }: { readonly privateTargets: boolean },
): string | undefined {
  if (!URL.canParse(address)) return 'its address is no URL';
  const url = new URL(address);
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (url.username || url.password) return 'its address holds a login';
  if (privateTargets && url.protocol === 'http:') return undefined;
  if (url.protocol !== 'https:') return 'only https addresses are fetched';
  const isPrivate = isIP(host) === 0 ? /(^|\.)localhost\.?$/.test(host) : !isPublic(host);
  return !privateTargets && isPrivate ? NOT_PUBLIC_ADDRESS : undefined;
}
