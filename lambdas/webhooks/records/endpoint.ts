import * as z from 'zod/mini';
import { EndpointFields } from '../registration/fields';

export const EndpointId = z.string().check(z.regex(/^we_[0-9a-hjkmnp-tv-z]{20}$/));

/** `paused` by the tenant for a while; `disabled` by the tenant or by us. Events are held for both. */
export const EndpointState = z.enum(['enabled', 'paused', 'disabled']);

/** An endpoint as it stands in the table of settings. */
export const EndpointRecord = z.extend(EndpointFields, {
  id: EndpointId,
  organisation: z.uuid(),
  state: EndpointState,
  /** Why and since when it is not enabled. */
  stateReason: z.optional(z.string()),
  stateSinceMs: z.int(),
  /** Signing keys and the credentials of `authentication`, encrypted (signing/envelope.ts). */
  sealed: z.string(),
  version: z.int(),
  createdAtMs: z.int(),
  updatedAtMs: z.int(),
});
export type EndpointRecord = z.output<typeof EndpointRecord>;
