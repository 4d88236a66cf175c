import * as z from 'zod/mini';
import { fromJson } from '../json';

const Bits = z.array(z.int());

/** What a caller may do right now, as PostgreSQL said: kept in Redis for minutes. */
export const Entry = z.object({
  /** Why the caller is refused, for our log; absent for one that may act. */
  refused: z.optional(z.string()),
  roles: z.array(z.string()),
  permissions: Bits,
  grants: z.array(z.object({ effect: z.enum(['allow', 'deny']), resource: z.string(), permissions: Bits })),
  plan: z.string(),
  /** Address ranges in CIDR notation an API key may be used from; none: from anywhere. */
  ranges: z.array(z.string()),
  /** Ids of single tokens of this caller that were revoked and have not expired. */
  revokedTokens: z.array(z.string()),
  /** When the session or key ends by itself, in seconds since 1970. */
  endsAtSeconds: z.optional(z.int()),
  loadedAtSeconds: z.int(),
  /** Which roles an external issuer said, and when: a newer token may say others. */
  said: z.optional(z.object({ roles: z.array(z.string()), atSeconds: z.int() })),
});
export type Entry = z.output<typeof Entry>;

/** The entry with the epochs under which it was read: a change of either makes it void. */
const Stored = z.pipe(fromJson, z.object({ organisationEpoch: z.string(), subjectEpoch: z.string(), entry: Entry }));
type Stored = z.output<typeof Stored>;

export interface Epochs {
  readonly organisationEpoch: string;
  readonly subjectEpoch: string;
}

export const entryText = (entry: Entry, epochs: Epochs): string => JSON.stringify({ ...epochs, entry });

/** The entry in this text when it was read under these epochs. */
export function entryUnder(text: string | null, epochs: Epochs): Entry | undefined {
  const parsed = text === null ? undefined : Stored.safeParse(text);
  if (!parsed?.success) return undefined;
  const { organisationEpoch, subjectEpoch, entry }: Stored = parsed.data;
  return organisationEpoch === epochs.organisationEpoch && subjectEpoch === epochs.subjectEpoch ? entry : undefined;
}

/** Of a caller who may not act. It is kept like any other, so that whoever comes again costs no query. */
export const refusedEntry = (refused: string, loadedAtSeconds: number): Entry => ({
  refused,
  roles: [],
  permissions: [],
  grants: [],
  plan: '',
  ranges: [],
  revokedTokens: [],
  loadedAtSeconds,
});
