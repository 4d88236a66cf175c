import { createHash } from 'node:crypto';

/** What is stored of a token of 256 random bits: so long a secret needs no slow hash. */
export const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();
