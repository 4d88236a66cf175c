/*
 * How long who may go on with what was true a moment ago. What must agree with these is computed from them: when the
 * next signing key may sign, and how long a retired one verifies (key-ring.ts).
 */

/** Life of our access tokens. */
export const ACCESS_TOKEN_SECONDS = 15 * 60;
/** `max-age` of the JWKS. */
export const JWKS_MAX_AGE_SECONDS = 300;
/** The auth function reads the ring of keys again after this time. */
export const RING_FRESH_SECONDS = 60;
/** An authorizer reads our keys again after this time, where no token names one that it does not know. */
export const KEYS_STALE_SECONDS = 300;
/** Clocks may differ by this much. */
export const LEEWAY_SECONDS = 5;
