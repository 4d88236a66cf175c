import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import { refuse } from '../../shared/errors';

/** A secret that signs by HMAC, and the one that it gave way to until that one expires. */
const SigningSecret = z.object({ id: z.string(), secret: z.string(), expiresAtMs: z.optional(z.int()) });
/** An ed25519 key: PKCS #8 as base64. Its id is the `kid` of its public part. */
const SigningKey = z.object({ id: z.string(), privateKey: z.string(), expiresAtMs: z.optional(z.int()) });

/** What signs an endpoint's deliveries, the newest first. Each list begins with the one that does not expire. */
export const SigningKeys = z.object({
  secrets: z.array(SigningSecret).check(z.minLength(1)),
  keys: z.array(SigningKey),
});
export type SigningKeys = z.output<typeof SigningKeys>;
type SigningSecret = z.output<typeof SigningSecret>;
type SigningKey = z.output<typeof SigningKey>;

type RandomBytes = (size: number) => Buffer;

const PREFIX = 'whsec_';
/** Standard Webhooks wants 24 to 64 bytes. */
const SECRET_BYTES = { least: 24, new: 32, most: 64 };

/** `whsec_` and 256 random bits as base64. */
export const newSigningSecret = (random: RandomBytes = randomBytes): string =>
  PREFIX + random(SECRET_BYTES.new).toString('base64');

/** The key that such a secret spells; nothing unless it is `whsec_` and the one base64 spelling of 24 to 64 bytes. */
export function secretBytesOf(secret: string): Buffer | undefined {
  if (!secret.startsWith(PREFIX)) return undefined;
  const text = secret.slice(PREFIX.length);
  const bytes = Buffer.from(text, 'base64');
  const isWhole = bytes.toString('base64') === text;
  return isWhole && bytes.length >= SECRET_BYTES.least && bytes.length <= SECRET_BYTES.most ? bytes : undefined;
}

/** A secret that a caller brings along. What is wrong is said without quoting it. */
export const OwnSecret = z.string().check(
  z.maxLength(100),
  z.refine((secret) => secretBytesOf(secret) !== undefined, {
    error: `must be ${PREFIX} and ${SECRET_BYTES.least} to ${SECRET_BYTES.most} bytes as base64`,
  }),
);

/** A new ed25519 key. */
export function newSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    id: thumbprintOf(publicKey),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
  };
}

/** RFC 7638 and RFC 8037 section 2: the required members in alphabetic order. */
export function thumbprintOf(key: KeyObject): string {
  const { crv, kty, x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
}

/** Random: a digest of the secret would let whoever reads a log try out weak ones that callers brought along. */
const asSecret = (secret: string): SigningSecret => ({ id: `whk_${randomBytes(9).toString('base64url')}`, secret });

/** For a new endpoint. @param secret one of the caller's own (`OwnSecret`) */
export const newSigningKeys = (secret: string = newSigningSecret()): SigningKeys => ({
  secrets: [asSecret(secret)],
  keys: [newSigningKey()],
});

export const OVERLAP_SECONDS = { default: 86_400, most: 7 * 86_400 };
/** Each living secret adds a signature to every request: a header of some 250 bytes is enough. */
const MOST_LIVING = 5;

interface Rotation {
  readonly nowMs: number;
  /** How long what signed until now goes on signing too. @default 24 h */
  readonly overlapSeconds?: number | undefined;
  /** The caller's own (`OwnSecret`). @default a new one */
  readonly secret?: string | undefined;
}

/**
 * The keys after a rotation: a new secret and a new key sign from now on, the ones before until the overlap ends.
 * Refuses an overlap that is too long, a secret that lives already, and one more while five live.
 */
export function rotated(keys: SigningKeys, { nowMs, overlapSeconds, secret }: Rotation): SigningKeys {
  const overlap = overlapSeconds ?? OVERLAP_SECONDS.default;
  if (!(overlap >= 0 && overlap <= OVERLAP_SECONDS.most))
    refuse('bad_request', `overlapSeconds must be 0 to ${OVERLAP_SECONDS.most}`);
  const retired = retiring(keys, Math.trunc(nowMs + overlap * 1000), nowMs);
  if (retired.secrets.length >= MOST_LIVING)
    refuse('conflict', `${MOST_LIVING} secrets live already: wait until one expires, or rotate with an overlap of 0`);
  if (retired.secrets.some((old) => old.secret === secret)) refuse('conflict', 'this secret is in use already');
  const fresh = newSigningKeys(secret);
  return { secrets: [...fresh.secrets, ...retired.secrets], keys: [...fresh.keys, ...retired.keys] };
}

/** Nothing lives longer by a rotation: what expires already expires no later than it would have. */
function retiring(keys: SigningKeys, endMs: number, nowMs: number): SigningKeys {
  const until = <T extends { readonly expiresAtMs?: number | undefined }>(one: T) => ({
    ...one,
    expiresAtMs: Math.min(one.expiresAtMs ?? endMs, endMs),
  });
  return living({ secrets: keys.secrets.map(until), keys: keys.keys.map(until) }, nowMs);
}

type Expiring = { readonly expiresAtMs?: number | undefined };
export const lives = ({ expiresAtMs }: Expiring, nowMs: number): boolean =>
  expiresAtMs === undefined || expiresAtMs > nowMs;

/** What signs at this time. */
export const living = ({ secrets, keys }: SigningKeys, nowMs: number): SigningKeys => ({
  secrets: secrets.filter((one) => lives(one, nowMs)),
  keys: keys.filter((one) => lives(one, nowMs)),
});
