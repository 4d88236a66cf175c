import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { accessDenied, evaluate } from '../aws/iam';
import type { Caller, CallerOf, Denial } from '../types';

/** Who may pass: shared by the doors. */
export interface Guardhouse {
  readonly callerOf: CallerOf;
  readonly onDenied: (denial: Denial) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What a door expects of a token. */
export interface Expected {
  /** The service of the credential scope: `elasticache`, `rds-db`. */
  readonly service: string;
  /** The host names that the token may be made for, without port. */
  readonly hosts: readonly string[];
  /** Parameters that must stand in the token as they are here. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly action: string;
  /** All of one of these lists must be allowed. */
  readonly resources: readonly (readonly string[])[];
}

const TIMESTAMP = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** A token is a presigned URL without its scheme. */
function parse(token: string): URL | undefined {
  const url = `https://${token}`;
  return URL.canParse(url) ? new URL(url) : undefined;
}

const hmac = (secret: string | Buffer, data: string) => createHmac('sha256', secret).update(data).digest();
const sha256 = (data: string) => createHash('sha256').update(data).digest('hex');

/** RFC 3986: encodeURIComponent leaves !'()* as they are, SigV4 does not. */
const encode = (value: string) =>
  encodeURIComponent(value).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);

/** SigV4 for a presigned GET of `/` that signs the host only, recomputed. */
function signatureOf(url: URL, host: string, secretAccessKey: string): string {
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&');
  const request = ['GET', '/', query, `host:${host}`, '', 'host', sha256('')].join('\n');
  const [, ...scope] = (url.searchParams.get('X-Amz-Credential') ?? '').split('/');
  const text = ['AWS4-HMAC-SHA256', url.searchParams.get('X-Amz-Date'), scope.join('/'), sha256(request)].join('\n');
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  return hmac(key, text).toString('hex');
}

const sameText = (left: string, right: string) =>
  left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));

/** Five minutes of clock skew is what SigV4 admits. */
const SKEW_MILLISECONDS = 300_000;

function isInTime(parameters: URLSearchParams, now: number): boolean {
  const [, ...parts] = TIMESTAMP.exec(parameters.get('X-Amz-Date') ?? '') ?? [];
  const [year = NaN, month = NaN, day, hour, minute, second] = parts.map(Number);
  const signed = Date.UTC(year, month - 1, day, hour, minute, second);
  const lifetime = Number(parameters.get('X-Amz-Expires')) * 1000;
  return lifetime > 0 && lifetime <= 900_000 && now >= signed - SKEW_MILLISECONDS && now < signed + lifetime;
}

/** `host:port` as it was signed: URL drops a port that is its scheme's own. */
const hostIn = (token: string) => token.slice(0, token.search(/[/?]/));

/** Whether a password looks like a token at all, and should be judged as one. */
export const isToken = (password: string): boolean => /[?&]X-Amz-Signature=/.test(password);

/**
 * Judges an IAM authentication token: made by known credentials for this host and user, in time, signed with their
 * secret, and allowed by their policies.
 * @returns undefined when the bearer may pass, else why not
 */
export function refusal(
  token: string,
  expected: Expected,
  { callerOf, onDenied, now }: Guardhouse,
): string | undefined {
  const url = parse(token);
  if (!url) return 'not a token';
  const parameters = url.searchParams;
  const [accessKeyId = '', date, , service] = (parameters.get('X-Amz-Credential') ?? '').split('/');
  const caller = callerOf(accessKeyId);
  if (!caller) return 'unknown credentials';
  if (service !== expected.service) return `made for ${service}`;
  if (!expected.hosts.includes(url.hostname)) return `made for the host ${url.hostname}`;
  const wrong = Object.entries(expected.parameters).find(([name, value]) => parameters.get(name) !== value);
  if (wrong) return `made for another ${wrong[0]}`;
  if (!isInTime(parameters, now()) || !parameters.get('X-Amz-Date')?.startsWith(date ?? '-')) return 'expired';
  const signature = signatureOf(url, hostIn(token), caller.secretAccessKey);
  if (!sameText(signature, parameters.get('X-Amz-Signature') ?? '')) return 'wrong signature';
  return denied(caller, expected, onDenied);
}

function denied(
  { principal, statements }: Caller,
  { action, resources }: Expected,
  onDenied: Guardhouse['onDenied'],
): string | undefined {
  const refused = resources.map((all) =>
    all
      .map((resource) => ({ resource, verdict: evaluate(statements, { action, resource }) }))
      .find(({ verdict }) => verdict !== 'allowed'),
  );
  if (refused.includes(undefined)) return undefined;
  const [first] = refused;
  if (!first) return 'nothing to connect to';
  const denial = { principal, action, resource: first.resource };
  onDenied(denial);
  return accessDenied(denial, first.verdict);
}
