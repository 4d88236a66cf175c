import { createHmac, createPrivateKey, createSecretKey, type KeyObject, sign } from 'node:crypto';
import { lives, type SigningKeys, secretBytesOf } from './secrets';

/** `standard` alone, or beside it the header that a receiver knows who was built for Stripe's or GitHub's webhooks. */
export const SIGNATURE_STYLES = ['standard', 'stripe', 'github'] as const;
export type SignatureStyle = (typeof SIGNATURE_STYLES)[number];

export interface ToSign {
  /** The same for every attempt. */
  readonly messageId: string;
  /** Of this attempt. */
  readonly timestampSeconds: number;
  /** The very bytes that are sent, or the text that they are the UTF-8 of. */
  readonly body: string | Buffer;
  /** Decides which keys live. */
  readonly nowMs: number;
  readonly style: SignatureStyle;
  /** Whether `v1a` is added. ed25519 costs some 20 times an HMAC. */
  readonly asymmetric: boolean;
}

export interface Signed {
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of what has signed, for the log. */
  readonly keyIds: readonly string[];
}

export interface Signer {
  headersOf(message: ToSign): Signed;
}

interface Prepared {
  readonly id: string;
  readonly expiresAtMs: number | undefined;
  /** What the base64 of the secret spells, which Standard Webhooks signs with. */
  readonly bytes: KeyObject;
  /** The whole text, which Stripe and GitHub sign with. */
  readonly text: KeyObject;
}

/** Signs an endpoint's messages. The keys are read once, here. Throws for a secret that is none. */
export function signer(signing: SigningKeys): Signer {
  const secrets = signing.secrets.map(prepared);
  const keys = signing.keys.map(({ id, expiresAtMs, privateKey }) => ({ id, expiresAtMs, key: imported(privateKey) }));
  return {
    headersOf(message) {
      const { nowMs, asymmetric, messageId, timestampSeconds, style, body } = message;
      // Standard Webhooks.
      const content = withBody(`${messageId}.${timestampSeconds}.`, body);
      const keyIds: string[] = [];
      let signatures = '';
      const add = (id: string, signature: string) => {
        keyIds.push(id);
        signatures = signatures === '' ? signature : `${signatures} ${signature}`;
      };
      for (const one of secrets) if (lives(one, nowMs)) add(one.id, `v1,${hmac(one.bytes, content, 'base64')}`);
      if (asymmetric)
        for (const one of keys) if (lives(one, nowMs)) add(one.id, `v1a,${signatureOf(content, one.key)}`);
      const headers: Record<string, string> = {
        'webhook-id': messageId,
        'webhook-timestamp': String(timestampSeconds),
        'webhook-signature': signatures,
      };
      if (style === 'standard') return { headers, keyIds };
      const usable = secrets.filter((one) => lives(one, nowMs));
      return { headers: { ...headers, ...compatible(message, usable) }, keyIds };
    },
  };
}

function prepared({ id, secret, expiresAtMs }: SigningKeys['secrets'][number]): Prepared {
  const bytes = secretBytesOf(secret);
  if (!bytes) throw new Error(`the signing secret ${id} is not valid`);
  return { id, expiresAtMs, bytes: createSecretKey(bytes), text: createSecretKey(secret, 'utf8') };
}

const imported = (privateKey: string) =>
  createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' });

/** What is signed, such as `id.timestamp.body` of Standard Webhooks. One piece of text is hashed in one call. */
const withBody = (before: string, body: string | Buffer) =>
  typeof body === 'string' ? before + body : Buffer.concat([Buffer.from(before), body]);

const signatureOf = (content: string | Buffer, key: KeyObject) =>
  sign(null, typeof content === 'string' ? Buffer.from(content) : content, key).toString('base64');

const hmac = (key: KeyObject, content: string | Buffer, encoding: 'base64' | 'hex') =>
  createHmac('sha256', key).update(content).digest(encoding);

function compatible({ style, timestampSeconds, body }: ToSign, secrets: readonly Prepared[]): Record<string, string> {
  if (style === 'stripe') {
    const content = withBody(`${timestampSeconds}.`, body);
    const signatures = secrets.map(({ text }) => `v1=${hmac(text, content, 'hex')}`);
    return { 'stripe-signature': [`t=${timestampSeconds}`, ...signatures].join(',') };
  }
  // The header has room for one. The oldest secret is the one that every receiver still knows while both live.
  const oldest = secrets.at(-1);
  return style === 'github' && oldest ? { 'x-hub-signature-256': `sha256=${hmac(oldest.text, body, 'hex')}` } : {};
}
