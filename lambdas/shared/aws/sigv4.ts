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
  const all = {
    ...headers,
    'x-amz-date': stamp,
    ...(identity.sessionToken !== undefined && { 'x-amz-security-token': identity.sessionToken }),
  };
  const { 'content-type': _, ...signed }: Fields = { ...all, host: request.url.host };
  const names = Object.keys(signed).toSorted().join(';');
  const signature = signatureOf(request, signed, [...request.url.searchParams], identity, stamp);
  const credential = `${identity.accessKeyId}/${scopeOf(request, identity, stamp)}`;
  const authorization = `${ALGORITHM} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...all, authorization };
}

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
  const signature = signatureOf(request, { host: request.url.host }, all, identity, stamp);
  return [...all, ['X-Amz-Signature', signature]].map(pair).join('&');
}

const stampOf = (at: Date) => at.toISOString().replaceAll(/[:-]|\.\d{3}/g, '');

const scopeOf = ({ service }: Signing, { region }: AwsIdentity, stamp: string) =>
  `${stamp.slice(0, 8)}/${region}/${service}/aws4_request`;

function signatureOf(
  request: Signing,
  headers: Fields,
  query: readonly (readonly string[])[],
  identity: AwsIdentity,
  stamp: string,
): string {
  const names = Object.keys(headers).toSorted();
  const canonical = [
    request.method,
    request.url.pathname,
    query.map(pair).toSorted().join('&'),
    ...names.map((name) => `${name}:${(headers[name] ?? '').trim().replaceAll(/\s+/g, ' ')}`),
    '',
    names.join(';'),
    sha256(request.body ?? ''),
  ].join('\n');
  const text = [ALGORITHM, stamp, scopeOf(request, identity, stamp), sha256(canonical)].join('\n');
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
