import { createHash } from 'node:crypto';

/** What is stored of a token that is shown once: 256 random bits need no salt and no slow hash. */
export const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();
