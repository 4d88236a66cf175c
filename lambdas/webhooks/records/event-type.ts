import * as z from 'zod/mini';
import { EventTypeVersion } from '../event-types/catalogue';

/** Whose catalogue holds what belongs to no tenant: all of them see it. */
export const PLATFORM = 'platform';

/** `enforce`: an event whose data does not fit is refused; `observe`: it is taken, and the answer says what does not fit. */
export const Validation = z.enum(['observe', 'enforce']);

/** One version of an event type as it stands in a catalogue. */
export const EventTypeRecord = z.object({
  /** An organisation, or `platform`. */
  owner: z.string(),
  type: EventTypeVersion,
  validation: Validation,
  createdAtMs: z.int(),
  updatedAtMs: z.int(),
});
export type EventTypeRecord = z.output<typeof EventTypeRecord>;
