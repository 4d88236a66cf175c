import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** OWASP's cost for scrypt: N = 2^16, r = 8, p = 2, which takes 64 MiB. */
const COST = { ln: 16, r: 8, p: 2 };
const HASH_BYTES = 32;
const SALT_BYTES = 16;
/** Bounded, so that no stored hash can ask for more than 151 MB. */
const PHC = /^\$scrypt\$ln=(1[0-7]),r=([1-9]),p=([1-9])\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

const run = (password: string, salt: Buffer, { ln, r, p }: typeof COST) =>
  derive(password.normalize('NFKC'), salt, HASH_BYTES, { N: 2 ** ln, r, p, maxmem: 256 * 2 ** ln * r });

const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');

/** A password's hash in the PHC string format. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await run(password, salt, COST);
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${base64(salt)}$${base64(hash)}`;
}

/** Whether a hash was made at a lower cost than today's. Who holds the password can then renew it. */
export function isCheap(phc: string): boolean {
  const [, ln, r, p] = PHC.exec(phc) ?? [];
  return work({ ln: Number(ln), r: Number(r), p: Number(p) }) < work(COST);
}

const work = ({ ln, r, p }: typeof COST) => 2 ** ln * r * p;

/** What an unknown user's password is compared with: the same work, so that the time does not tell who exists. */
const NOBODY = `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${base64(randomBytes(SALT_BYTES))}$${base64(randomBytes(HASH_BYTES))}`;

/** Whether the password is the one of this hash. Without a hash the same work is done, and the answer is no. */
export async function checkPassword(password: string, phc: string | undefined): Promise<boolean> {
  const [, ln, r, p, salt = '', hash = ''] = PHC.exec(phc ?? NOBODY) ?? [];
  const expected = Buffer.from(hash, 'base64');
  // A hash cut short would be checked by fewer bytes: scrypt's shorter output is the start of its longer one.
  if (expected.length !== HASH_BYTES) return false;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const actual = await run(password, Buffer.from(salt, 'base64'), cost);
  return phc !== undefined && timingSafeEqual(actual, expected);
}
