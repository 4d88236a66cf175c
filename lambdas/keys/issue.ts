import { randomBytes } from 'node:crypto';
import type { Author } from '../shared/access/change';
import { subjectOf } from '../shared/access/principal';
import { creationBytes } from '../shared/credentials/derive';

/** Hands out the next bytes, in the shape of `randomBytes`. */
type Take = (size: number) => Buffer;

const SEED_BYTES = 64;
const SALT_BYTES = 16;

/** A secret that is shown once, and again to whoever repeats the request that made it. */
export interface Issued<T> {
  readonly fresh: T;
  /** Kept with the answer to an `Idempotency-Key`. Nobody can do anything with it. */
  readonly salt: string;
  /** The secret that belongs to the salt that was kept. */
  again(salt: string): T;
}

/**
 * Makes a secret of random bytes, or for a creation that can be repeated of those that only the pepper, the request's own
 * `Idempotency-Key` and a salt give: it is stored nowhere. The salt is fresh each time, so that a secret which is gone
 * never comes back, even where an `Idempotency-Key` is used again after its day.
 */
export function issue<T>(pepper: string, what: string, author: Author, make: (take: Take) => T): Issued<T> {
  const { principal, idempotencyKey } = author;
  const made = (salt: string) =>
    make(
      reader(
        creationBytes(pepper, [what, principal.organisation, subjectOf(principal), idempotencyKey, salt], SEED_BYTES),
      ),
    );
  const salt = randomBytes(SALT_BYTES).toString('hex');
  const fresh = made(salt);
  return { fresh, salt, again: (kept) => (kept === salt ? fresh : made(kept)) };
}

function reader(bytes: Buffer): Take {
  let at = 0;
  return (size) => bytes.subarray(at, (at += size));
}
