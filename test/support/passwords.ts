import { randomBytes, scryptSync } from 'node:crypto';

const unpadded = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');

/** A password's hash at the least cost that is read, so that tests do not pay for the real one. */
export function cheapHash(password: string): string {
  const salt = randomBytes(16);
  const hash = scryptSync(password, salt, 32, { N: 2 ** 10, r: 1, p: 1 });
  return `$scrypt$ln=10,r=1,p=1$${unpadded(salt)}$${unpadded(hash)}`;
}
