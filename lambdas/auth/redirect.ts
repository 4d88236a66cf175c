import { urlOf } from '../shared/url';

/** A loopback address with a port that the client chose when it started (RFC 8252 section 7.3). */
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::\d{1,5})?(?=\/|$)/;
/** Of these a browser would run or show what the "address" says. */
const NEVER = /^(javascript|data|vbscript|blob|file|about):/i;

const withoutPort = (uri: string) => uri.replace(LOOPBACK, '$1');

/** Whether codes may be sent there: character for character as registered; the port of a loopback address is free. */
export const isRegistered = (registered: readonly string[], uri: string): boolean =>
  urlOf(uri) !== undefined &&
  !NEVER.test(uri) &&
  !uri.includes('#') &&
  registered.some((known) => known === uri || isSameLoopback(known, uri));

const isSameLoopback = (known: string, uri: string) => LOOPBACK.test(known) && withoutPort(known) === withoutPort(uri);

/** The address with these parameters added to what it may have (RFC 6749 section 3.1.2). */
export function withParameters(uri: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams(given).toString()}`;
}

/** As a source of Content-Security-Policy, which has no spelling for IPv6. */
export function policySourceOf(uri: string): string {
  const { protocol, host } = new URL(uri);
  if (!/^https?:$/.test(protocol)) return protocol;
  return host.startsWith('[') ? protocol : `${protocol}//${host}`;
}
