import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import { fromJson } from '../../shared/json';

const Master = z.object({
  /** Stands in whatever it seals. */
  id: z.string().check(z.regex(/^[A-Za-z0-9_-]{1,32}$/)),
  /** 256 random bits or more, spelled in any way. */
  secret: z.string().check(z.minLength(32)),
});

/** The text of the secret that holds the master keys: the first seals, all of them open. */
export const MasterKeys = z.pipe(
  fromJson,
  z.object({
    keys: z.array(Master).check(
      z.minLength(1),
      z.refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, { error: 'an id is there twice' }),
    ),
  }),
);
export type MasterKeys = z.output<typeof MasterKeys>;

/** Whose secret it is, such as the organisation and the endpoint: what was sealed for one opens for nobody else. */
export type Context = readonly string[];

export interface Envelope {
  seal(text: string, context: Context): string;
  /** Throws for what was altered, is of another context, or was sealed by a master key that is not known. */
  open(sealed: string, context: Context): string;
  /** Whether an earlier master key has sealed it: sealing it again lets that key go. */
  isOutdated(sealed: string): boolean;
}

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
/** NIST SP 800-38D: 96 bits, random; a master key may wrap 2^32 data keys so. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'e1';

/**
 * Envelope encryption: every text has a data key of its own, which a master key wraps. Both ciphers authenticate the
 * context; the master key is derived from the text of the secret (HKDF, RFC 5869), so the text never encrypts anything.
 */
export function openEnvelope({ keys }: MasterKeys): Envelope {
  const masters = new Map(keys.map(({ id, secret }) => [id, derived(id, secret)]));
  const [first = { id: '' }] = keys;
  return {
    seal(text, context) {
      const dataKey = randomBytes(KEY_BYTES);
      const wrapped = encrypt(masterOf(masters, first.id), dataKey, aad('key', first.id, context));
      const content = encrypt(dataKey, Buffer.from(text), aad('text', first.id, context));
      return [VERSION, first.id, wrapped.toString('base64url'), content.toString('base64url')].join('.');
    },
    open(sealed, context) {
      const { id, wrapped, content } = partsOf(sealed);
      const master = masterOf(masters, id);
      try {
        const dataKey = decrypt(master, wrapped, aad('key', id, context));
        return decrypt(dataKey, content, aad('text', id, context)).toString();
      } catch {
        throw new Error('a sealed text was altered, or is of another context');
      }
    },
    isOutdated: (sealed) => partsOf(sealed).id !== first.id,
  };
}

const derived = (id: string, secret: string) =>
  Buffer.from(hkdfSync('sha256', secret, '', `gatehouse webhooks envelope ${id}`, KEY_BYTES));

function masterOf(masters: ReadonlyMap<string, Buffer>, id: string): Buffer {
  const master = masters.get(id);
  if (!master) throw new Error(`the master key ${JSON.stringify(id.slice(0, 32))} is not known`);
  return master;
}

/** JSON keeps the words apart: `['a', 'bc']` is not `['ab', 'c']`. */
const aad = (part: 'key' | 'text', master: string, context: Context) =>
  Buffer.from(JSON.stringify([VERSION, part, master, ...context]));

function partsOf(sealed: string) {
  const [version, id = '', wrapped = '', content = '', ...rest] = sealed.split('.');
  if (version !== VERSION || rest.length > 0) throw new Error('this is no sealed text');
  return { id, wrapped: Buffer.from(wrapped, 'base64url'), content: Buffer.from(content, 'base64url') };
}

function encrypt(key: Buffer, plain: Buffer, associated: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(associated);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Buffer, bytes: Buffer, associated: Buffer): Buffer {
  const end = bytes.length - TAG_BYTES;
  const cipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  cipher.setAAD(associated).setAuthTag(bytes.subarray(end));
  return Buffer.concat([cipher.update(bytes.subarray(NONCE_BYTES, end)), cipher.final()]);
}
