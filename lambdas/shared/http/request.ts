import type { APIGatewayProxyEvent } from 'aws-lambda';
import { refuse } from '../errors';
import { parse } from '../parse';
import type { ClientAuth, RequestBody, Schema } from './route';

export const DEFAULT_MAX_BYTES = 256 * 1024;
/** A body of 256 KiB can hold 80,000 unknown properties; naming them all would pass Lambda's 6 MB for an answer. */
const MOST_ERRORS = 20;
const SANE_REQUEST_ID = /^[A-Za-z0-9._~-]{8,128}$/;

/** The headers that were asked for last, by name in lower case: those of one request are asked for a dozen times. */
let last: { readonly of: APIGatewayProxyEvent['headers'] | undefined; readonly fields: ReadonlyMap<string, string> } = {
  of: undefined,
  fields: new Map(),
};

function fieldsOf(headers: APIGatewayProxyEvent['headers']): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const name in headers) {
    const lower = name.toLowerCase();
    const value = headers[name];
    if (value !== undefined && !fields.has(lower)) fields.set(lower, value);
  }
  last = { of: headers, fields };
  return fields;
}

/** REST APIs hand headers on in the caller's spelling. */
export const header = ({ headers }: APIGatewayProxyEvent, name: string): string | undefined =>
  (last.of === headers ? last.fields : fieldsOf(headers)).get(name);

/** The caller's own request id when it is a sane token, else API Gateway's. */
export function requestIdOf(event: APIGatewayProxyEvent): string {
  const theirs = header(event, 'x-request-id');
  return theirs !== undefined && SANE_REQUEST_ID.test(theirs) ? theirs : event.requestContext.requestId;
}

/** The stage variable `publicUrl`: set by the stage, so no caller can choose our issuer with a Host header. */
export const publicUrlOf = ({ stageVariables }: APIGatewayProxyEvent): string => stageVariables?.publicUrl ?? '';

/** More than one credential, in one header or in two. */
export function hasTwoCredentials({ multiValueHeaders, headers }: APIGatewayProxyEvent): boolean {
  let shown = 0;
  for (const name in multiValueHeaders) if (isCredential(name)) shown += multiValueHeaders[name]?.length ?? 0;
  for (const name in headers) if (isCredential(name) && !multiValueHeaders?.[name]) shown += 1;
  return shown > 1;
}

/** Names of another length are not even spelled in lower case: this is looked at for each header of each request. */
const isCredential = (name: string) =>
  (name.length === AUTHORIZATION.length && name.toLowerCase() === AUTHORIZATION) ||
  (name.length === API_KEY.length && name.toLowerCase() === API_KEY);
const AUTHORIZATION = 'authorization';
const API_KEY = 'x-api-key';

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** `Idempotency-Key`, or nothing. Refuses one that is no printable text of up to 255 characters. */
export function idempotencyKeyOf(event: APIGatewayProxyEvent): string | undefined {
  const key = header(event, 'idempotency-key');
  if (key !== undefined && !IDEMPOTENCY_KEY.test(key))
    refuse('bad_request', 'header: Idempotency-Key must be 1 to 255 printable characters');
  return key;
}

/** A version as our `ETag` says it (RFC 9110 section 8.8.3). */
export const etag = (version: number): string => `"${version}"`;
const ETAG = /^"(\d{1,9})"$/;

/** The version that `If-Match` names; nothing without the header, or with `*`. */
export function ifMatchOf(event: APIGatewayProxyEvent): number | undefined {
  const value = header(event, 'if-match');
  if (value === undefined || value === '*') return undefined;
  const [, version] = ETAG.exec(value) ?? refuse('precondition_failed', 'If-Match is no ETag of this resource');
  return Number(version);
}

const BASIC = /^Basic ([A-Za-z0-9+/]+={0,2})$/i;

/** RFC 6749 section 2.3.1: id and secret are form-encoded before they are joined. */
export function clientAuthOf(event: APIGatewayProxyEvent): ClientAuth | undefined {
  const value = header(event, 'authorization');
  if (value === undefined) return undefined;
  const [id, ...secret] = Buffer.from(BASIC.exec(value)?.[1] ?? '', 'base64')
    .toString()
    .split(':');
  if (!id || secret.length === 0) return { id: '', secret: '' };
  return { id: formDecoded(id), secret: formDecoded(secret.join(':')) };
}

const formDecoded = (text: string): string => new URLSearchParams(`v=${text.replaceAll('&', '%26')}`).get('v') ?? '';

/** Parses one part of a request, or refuses with 400 naming all that is wrong in it. */
export function parsePart(where: string, schema: Schema, input: unknown): unknown {
  const parsed = parse(schema, input);
  if (parsed.ok) return parsed.value;
  const errors = parsed.wrong
    .slice(0, MOST_ERRORS)
    .map(({ name, detail }) => ({ in: where, name: shorten(name), detail }));
  const list = errors.map(({ name, detail }) => (name ? `${name} ${detail}` : detail)).join('; ');
  return refuse('bad_request', `${where}: ${list}`, { extensions: { errors } });
}

const shorten = (name: string) => (name.length > 200 ? `${name.slice(0, 200)}…` : name);

/** Query parameters by name. A name given twice, or one the route does not declare, is refused by name. */
export function parseQuery(schema: Schema, event: APIGatewayProxyEvent): unknown {
  const all = event.multiValueQueryStringParameters ?? {};
  const twice = Object.keys(all).filter((name) => (all[name]?.length ?? 0) > 1);
  if (twice.length > 0) refuse('bad_request', `query: given more than once: ${twice.join(', ')}`);
  return parsePart('query', schema, event.queryStringParameters ?? {});
}

/** A character is three bytes at most: the bytes of a short text need not be counted. */
const isLonger = (text: string, isBase64: boolean, mostBytes: number): boolean =>
  text.length > mostBytes / 3 && Buffer.byteLength(text, isBase64 ? 'base64' : 'utf8') > mostBytes;

/** The body's text. Size, then content type: the cheap refusals come first. */
export function bodyText({ contentType, maxBytes = DEFAULT_MAX_BYTES }: RequestBody, event: APIGatewayProxyEvent) {
  const raw = event.body ?? '';
  if (isLonger(raw, event.isBase64Encoded, maxBytes)) refuse('too_large', `the body may hold ${maxBytes} bytes`);
  const sent = header(event, 'content-type');
  if (sent !== contentType && sent?.split(';', 1)[0]?.trim().toLowerCase() !== contentType)
    refuse('unsupported_media_type', `send ${contentType}`);
  return event.isBase64Encoded ? Buffer.from(raw, 'base64').toString('utf8') : raw;
}

export function parseBody(body: RequestBody, event: APIGatewayProxyEvent): unknown {
  const content = bodyText(body, event);
  return parsePart(
    'body',
    body.schema,
    body.contentType === 'application/json' ? fromJson(content) : fromForm(content),
  );
}

function fromJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return refuse('bad_request', 'body: is not JSON');
  }
}

/** RFC 6749 section 3.2: a parameter may not be sent twice. */
function fromForm(body: string): Record<string, string> {
  const pairs = [...new URLSearchParams(body)];
  const fields = Object.fromEntries(pairs);
  if (Object.keys(fields).length < pairs.length) refuse('bad_request', 'body: a parameter is given more than once');
  return fields;
}
