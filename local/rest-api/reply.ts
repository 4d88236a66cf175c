import { validateHeaderName, validateHeaderValue } from 'node:http';
import { outgoingName } from '../http/outgoing-name';
import { isObject, object } from '../json';
import { GatewayError } from './gateway-response';

/** What goes back to the client, but for what API Gateway adds to every answer. */
export interface Reply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
}

/** Headers with one value each. */
export const singleValued = (headers: Readonly<Record<string, string>>): Reply['headers'] =>
  new Map(Object.entries(headers).map(([name, value]) => [name, [value]]));

const ANSWER_MEMBERS = new Set(['statusCode', 'headers', 'multiValueHeaders', 'body', 'isBase64Encoded']);

const malformed = (why: string): GatewayError =>
  new GatewayError('DEFAULT_5XX', { status: 502, reason: `malformed Lambda proxy response: ${why}` });

const headerText = (name: string, value: unknown): string => {
  if (typeof value !== 'string' && typeof value !== 'boolean' && typeof value !== 'number') {
    throw malformed(`the header ${name} is not a text`);
  }
  try {
    validateHeaderName(name);
    validateHeaderValue(name, String(value));
  } catch {
    throw malformed(`the header ${JSON.stringify(name)} can't be sent`);
  }
  return String(value);
};

/** Where a name stands in both forms, the values of the multi-value form alone count. */
const headersOf = (answer: Readonly<Record<string, unknown>>): ReadonlyMap<string, readonly string[]> => {
  const headers = new Map<string, readonly string[]>([['Content-Type', ['application/json']]]);
  const set = (name: string, values: readonly string[]) => {
    const outgoing = outgoingName(name);
    if (outgoing === undefined) return;
    if (outgoing.toLowerCase() === 'content-type') headers.delete('Content-Type');
    headers.set(outgoing, values);
  };
  for (const [name, value] of Object.entries(object(answer.headers))) set(name, [headerText(name, value)]);
  for (const [name, values] of Object.entries(object(answer.multiValueHeaders))) {
    if (!Array.isArray(values)) throw malformed(`multiValueHeaders.${name} is not a list`);
    set(
      name,
      values.map((value) => headerText(name, value)),
    );
  }
  return headers;
};

const statusOf = (value: unknown): number => {
  const status = Number(value ?? 200);
  if (!Number.isInteger(status) || status < 100 || status > 599) throw malformed(`statusCode ${JSON.stringify(value)}`);
  return status;
};

/**
 * Reads a function's answer as strictly as API Gateway: no member is required, none beyond the known ones allowed, and
 * the body is a text. Throws a {@link GatewayError} (502) for anything else.
 */
export const replyOf = (answer: unknown, decodeBase64: boolean): Reply => {
  if (!isObject(answer)) throw malformed('not an object');
  const unknown = Object.keys(answer).filter((member) => !ANSWER_MEMBERS.has(member));
  if (unknown.length > 0) throw malformed(`unknown ${unknown.join(', ')}`);
  const body = answer.body ?? '';
  if (typeof body !== 'string') throw malformed('the body is not a text');
  return {
    status: statusOf(answer.statusCode),
    headers: headersOf(answer),
    body: Buffer.from(body, answer.isBase64Encoded === true && decodeBase64 ? 'base64' : 'utf8'),
  };
};
