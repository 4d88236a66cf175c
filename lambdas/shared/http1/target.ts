/** Where requests to one URL go, and how they begin: worked out once for all of them. */
export interface Target {
  readonly url: URL;
  /** Scheme, name and port: what connections are kept for. */
  readonly origin: string;
  readonly isSecure: boolean;
  /** A name or an address, an IPv6 one without its brackets. */
  readonly hostname: string;
  readonly port: number;
  /** The request line and the fields that are the same for each POST. */
  readonly start: string;
}

/** Throws for what is no http(s) URL. */
export function targetOf(address: string): Target {
  const url = new URL(address);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Error('its address is no http(s) URL');
  const isSecure = url.protocol === 'https:';
  return {
    url,
    origin: url.origin,
    isSecure,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    start: `POST ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\n`,
  };
}

const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
/** What says where a request ends, or goes, is said here alone. */
const OURS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** No CR or LF: nobody who has a say in a value can begin another field with it, or another request (RFC 9110 section 5.5). */
const VALUE = /^[\t\x20-\x7e]*$/;

/** A request, all of it. */
export interface Post {
  readonly text: string;
  /** Latin-1 where the text is ASCII: its bytes are what V8 holds already. */
  readonly encoding: 'latin1' | 'utf8';
}

type Fields = Readonly<Record<string, string>>;

/**
 * The whole request as one text: one write, which is one system call. Throws for a field that would not be one.
 * @param more what else goes along, but for what `fields` say
 */
export function postOf({ start }: Target, fields: Fields, body: string | Buffer, more: Fields = NONE): Post {
  let head = start;
  for (const name in more) if (fields[name] === undefined) head += fieldLine(name, more[name] ?? '');
  for (const name in fields) head += fieldLine(name, fields[name] ?? '');
  if (typeof body !== 'string')
    return { text: withBody(head, body.length, body.toString('latin1')), encoding: 'latin1' };
  const bytes = Buffer.byteLength(body);
  return { text: withBody(head, bytes, body), encoding: bytes === body.length ? 'latin1' : 'utf8' };
}

const NONE: Fields = {};
const withBody = (head: string, bytes: number, body: string) => `${head}content-length: ${bytes}\r\n\r\n${body}`;

function fieldLine(name: string, value: string): string {
  if (!isSendable(name) || !VALUE.test(value)) throw new Error(`the header ${JSON.stringify(name)} cannot be sent`);
  return `${name}: ${value}\r\n`;
}

/** Names that have been looked at. There are few, and each is sent again and again. */
const known = new Set<string>();
const MOST_KNOWN = 200;

function isSendable(name: string): boolean {
  if (known.has(name)) return true;
  if (!NAME.test(name) || OURS.has(name)) return false;
  if (known.size < MOST_KNOWN) known.add(name);
  return true;
}
