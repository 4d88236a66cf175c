import { createHmac, hash } from 'node:crypto';

/*
 * AWS Signature Version 4 over node:crypto. What packages there are build on `Headers` and WebCrypto, which cost 28 ms
 * to load where nothing else has loaded them: half of what an authorizer's first answer may take.
 */

/** The credentials of the function's role, which Lambda puts into its environment. */
export interface AwsIdentity {
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

type Fields = Readonly<Record<string, string>>;

interface Signing {
  readonly method: 'GET' | 'POST';
  readonly service: string;
  readonly url: URL;
  readonly body?: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The headers of a request with its signature; all of them are signed but the content type. */
export function signHeaders(request: Signing, headers: Fields, identity: AwsIdentity, at = new Date()): Fields {
  const stamp = stampOf(at);
  // Written out: each request to Lambda, Redis and DynamoDB waits for this.
  const all: Record<string, string> = {};
  const signed: Record<string, string> = { host: request.url.host };
  for (const name in headers) {
    const value = headers[name] ?? '';
    all[name] = value;
    if (name !== 'content-type') signed[name] = value;
  }
  all['x-amz-date'] = signed['x-amz-date'] = stamp;
  if (identity.sessionToken !== undefined)
    all['x-amz-security-token'] = signed['x-amz-security-token'] = identity.sessionToken;
  const names = Object.keys(signed).toSorted();
  const query = request.url.search === '' ? NO_QUERY : [...request.url.searchParams];
  const signature = signatureOf(request, { headers: signed, names, query }, identity, stamp);
  const credential = `${identity.accessKeyId}/${scopeOf(request, identity, stamp)}`;
  const signedHeaders = names.join(';');
  all.authorization = `${ALGORITHM} Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  return all;
}

const NO_QUERY: readonly string[][] = [];

/** The query of a presigned request, the host alone signed of its headers. */
export function signQuery(request: Signing, query: Fields, identity: AwsIdentity, at = new Date()): string {
  const stamp = stampOf(at);
  const all = Object.entries({
    ...query,
    'X-Amz-Date': stamp,
    ...(identity.sessionToken !== undefined && { 'X-Amz-Security-Token': identity.sessionToken }),
    'X-Amz-Algorithm': ALGORITHM,
    'X-Amz-Credential': `${identity.accessKeyId}/${scopeOf(request, identity, stamp)}`,
    'X-Amz-SignedHeaders': 'host',
  });
  const parts = { headers: { host: request.url.host }, names: ['host'], query: all };
  const signature = signatureOf(request, parts, identity, stamp);
  return [...all, ['X-Amz-Signature', signature]].map(pair).join('&');
}

/** `20261124T183000Z` of `2026-11-24T18:30:00.000Z`. */
function stampOf(at: Date): string {
  const iso = at.toISOString();
  const day = iso.slice(0, 4) + iso.slice(5, 7) + iso.slice(8, 10);
  return `${day}T${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
}

const scopeOf = ({ service }: Signing, { region }: AwsIdentity, stamp: string) =>
  `${stamp.slice(0, 8)}/${region}/${service}/aws4_request`;

interface Signed {
  readonly headers: Fields;
  /** Theirs, sorted. */
  readonly names: readonly string[];
  readonly query: readonly (readonly string[])[];
}

/** White space that a canonical value does not have. */
const LOOSE = /^\s|\s\s|[^\S ]|\s$/;
const canonical = (value: string) => (LOOSE.test(value) ? value.trim().replaceAll(/\s+/g, ' ') : value);

function signatureOf(
  request: Signing,
  { headers, names, query }: Signed,
  identity: AwsIdentity,
  stamp: string,
): string {
  let lines = `${request.method}\n${request.url.pathname}\n${query.map(pair).toSorted().join('&')}\n`;
  for (const name of names) lines += `${name}:${canonical(headers[name] ?? '')}\n`;
  lines += `\n${names.join(';')}\n${sha256(request.body ?? '')}`;
  const text = `${ALGORITHM}\n${stamp}\n${scopeOf(request, identity, stamp)}\n${sha256(lines)}`;
  return createHmac('sha256', keyOf(identity, stamp.slice(0, 8), request.service))
    .update(text)
    .digest('hex');
}

interface SigningKey {
  readonly of: string;
  readonly key: string | Buffer;
}
let lastKey: SigningKey | undefined;

/** Good for a day, for one service: derived when the one before was for another. */
function keyOf({ secretAccessKey, region }: AwsIdentity, day: string, service: string): string | Buffer {
  const of = `${secretAccessKey} ${day} ${region} ${service}`;
  if (lastKey?.of === of) return lastKey.key;
  const words = [day, region, service, 'aws4_request'];
  const start: string | Buffer = `AWS4${secretAccessKey}`;
  const key = words.reduce<string | Buffer>((last, word) => createHmac('sha256', last).update(word).digest(), start);
  lastKey = { of, key };
  return key;
}

/** In one call: a Hash object costs its making and its collection, more than a kilobyte costs to hash. */
const sha256 = (text: string) => hash('sha256', text, 'hex');

const pair = ([name = '', value = '']: readonly string[]) => `${encode(name)}=${encode(value)}`;

/** RFC 3986: encodeURIComponent leaves !'()* as they are. */
const encode = (text: string) =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
