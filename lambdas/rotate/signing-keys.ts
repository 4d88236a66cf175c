import { sign, verify } from 'node:crypto';
import { type KnownJwks, verificationKeys } from '../shared/credentials/jwt';
import { KeyRing, knownKeys, newRing, publicKeys, signingKey, turn } from '../shared/credentials/key-ring';
import type { Renewal } from './rotate';

/** Turns the ring of signing keys. `publish` hands the public keys to the authorizers before a new one signs. */
export const signingKeys = (publish: (keys: KnownJwks) => Promise<void>, nowSeconds: () => number): Renewal => ({
  next(current, rotatedAtSeconds) {
    const ring = KeyRing.safeParse(current);
    return JSON.stringify(ring.success ? turn(ring.data, nowSeconds(), rotatedAtSeconds) : newRing());
  },
  apply: (_, pending) => publish(knownKeys(KeyRing.parse(pending))),
  async test(pending) {
    const ring = KeyRing.parse(pending);
    const { kid, privateKey } = signingKey(ring);
    const publicKey = verificationKeys(publicKeys(ring)).get(kid);
    const text = Buffer.from('rotation');
    if (!publicKey || !verify('sha256', text, publicKey, sign('sha256', text, privateKey)))
      throw new Error('the new key does not verify what it signs');
  },
  // Only now has the key before stopped, so only now is it known for how long its tokens live.
  settle: (current) => publish(knownKeys(KeyRing.parse(current), nowSeconds())),
});
