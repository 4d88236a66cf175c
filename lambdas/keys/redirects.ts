import { urlOf } from '../shared/url';

/** What RFC 3986 lets stand in a URI, every `%` with its two digits; so neither spaces nor backslashes. */
const URI = /^(?:[\w\-.~:/?#[\]@!$&'()+,;=]|%[0-9A-Fa-f]{2})+$/;
/** RFC 8252 section 7.3: only by address, for a name may lead elsewhere. The port is free when it is used. */
const LOOPBACK = /^http:\/\/(?:127\.0\.0\.1|\[::1\])(?::\d{1,5})?(?:[/?]|$)/;
const HTTPS = /^https:\/\/[^/?]/;
/** RFC 8252 section 7.1: a domain name in reverse, which has a dot, and no authority. */
const PRIVATE_USE = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:\/(?!\/)/;

/** What is wrong with an address that codes are to be sent to; nothing for a good one. */
export function redirectFault(uri: string): string | undefined {
  if (uri.includes('*')) return 'a wildcard is not taken: register each address';
  if (uri.includes('#')) return 'a fragment is not taken (RFC 6749 section 3.1.2)';
  const url = URI.test(uri) ? urlOf(uri) : undefined;
  if (!url) return 'is no URI';
  if (PRIVATE_USE.test(uri)) return undefined;
  const { username, password, hostname } = url;
  if (username !== '' || password !== '' || uri.split('/')[2]?.includes('@'))
    return 'a user in the address is not taken';
  if (LOOPBACK.test(uri)) return undefined;
  if (!HTTPS.test(uri) || hostname === '')
    return 'must be https, http on 127.0.0.1 or [::1], or of a scheme like com.example.app:/path';
  return undefined;
}
