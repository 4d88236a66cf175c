import { isIP } from 'node:net';
import { isPublicHost, NOT_PUBLIC_ADDRESS } from '../../shared/http/public-address';
import { urlOf } from '../../shared/url';

/** Where deliveries may go. It is the stage's word; no tenant chooses it. */
export interface TargetPolicy {
  /** Lets them go without TLS. */
  readonly http: boolean;
  /** Lets them go to addresses that are none of the Internet, for receivers on a laptop. */
  readonly privateTargets: boolean;
  readonly ports: readonly number[] | 'any';
}

export const LONGEST_URL = 2048;
/** As it is to be written, with nothing that `URL` would drop or mend. */
const WRITTEN = /^(https?):\/\/([^/?#\\]+)([/?][^#\\]*)?$/i;
// Spaces and control characters: `URL` drops some of them silently.
const INVISIBLE = /[\s\p{Cc}]/u;

/**
 * What is wrong with an address to deliver to, in words for whoever has named it; nothing where it may be tried. Asked when
 * it is registered and at every attempt. A name is looked up at the attempt only, and what it leads to is looked at then.
 */
export function faultInTarget(url: string, { http, privateTargets, ports }: TargetPolicy): string | undefined {
  if (url.length > LONGEST_URL) return `is longer than ${LONGEST_URL} characters`;
  if (url.includes('#')) return 'has a fragment, which is never sent';
  const [, scheme = '', authority = ''] = WRITTEN.exec(url) ?? [];
  if (authority.includes('@')) return 'holds a login';
  const parsed = scheme === '' || INVISIBLE.test(url) ? undefined : urlOf(url);
  if (!parsed) return 'is not a valid URL';
  const { protocol, hostname, port } = parsed;
  if (protocol !== 'https:' && !http) return 'must begin with https://';
  if (ports !== 'any' && !ports.includes(Number(port || (protocol === 'https:' ? 443 : 80))))
    return `has a port that is not one of ${ports.join(', ')}`;
  return (
    faultInSpelling(hostname, authority) ?? (privateTargets || isPublicHost(hostname) ? undefined : NOT_PUBLIC_ADDRESS)
  );
}

/** What `URL` reads as an address may be a name to whoever else reads it: only the usual spelling is taken. */
function faultInSpelling(hostname: string, authority: string): string | undefined {
  if (hostname.endsWith('.')) return 'has a dot after its host';
  const written = authority.replace(/:\d*$/, '').toLowerCase();
  if (isIP(hostname) !== 0 && written !== hostname) return `spells the address ${hostname} in an unusual way`;
  return undefined;
}
