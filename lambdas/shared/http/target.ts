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
/** No CR or LF: nobody who has a say in a value can begin another field with it, or another request (RFC 9110 section 5.5). */
const VALUE = /^[\t\x20-\x7e]*$/;

/** A request, all of it. */
export interface Post {
  readonly text: string;
  /** Latin-1 where the text is ASCII: its bytes are what V8 holds already. */
  readonly encoding: 'latin1' | 'utf8';
}

type Fields = Readonly<Record<string, string>>;

function fieldLine(name: string, value: string): string {
  if (!NAME.test(name) || !VALUE.test(value)) throw new Error(`the header ${JSON.stringify(name)} cannot be sent`);
  return `${name}: ${value}\r\n`;
}

/**
 * The whole request as one text: one write, which is one system call. Throws for a field that would not be one.
 * @param more what else goes along, but for what `fields` say
 */
export function postOf({ start }: Target, fields: Fields, body: string, more: Fields = {}): Post {
  let head = start;
  for (const name in more) if (fields[name] === undefined) head += fieldLine(name, more[name] ?? '');
  for (const name in fields) head += fieldLine(name, fields[name] ?? '');
  const bytes = Buffer.byteLength(body);
  const text = `${head}content-length: ${bytes}\r\n\r\n${body}`;
  return { text, encoding: bytes === body.length ? 'latin1' : 'utf8' };
}
