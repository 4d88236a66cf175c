import * as z from 'zod/mini';
import { fromJson } from '../json';
import { limitNumbers } from '../limits/meter';
import { rangeBits } from '../limits/network';
import { LimitOverride, Limits, PlanOverride } from '../limits/plans';
import type { Epochs } from './admit-script';

const Bits = z.array(z.int());

/** What a caller may do right now, as PostgreSQL said: kept in Redis for minutes. */
export const Entry = z.object({
  /** Why the caller is refused, for our log; absent for one that may act. */
  refused: z.optional(z.string()),
  roles: z.array(z.string()),
  permissions: Bits,
  grants: z.array(z.object({ effect: z.enum(['allow', 'deny']), resource: z.string(), permissions: Bits })),
  plan: z.string(),
  /** The plan of the organisation, and what it, the key or the client has in place of its plan's figures. */
  organisationPlan: z.string(),
  organisationOverride: z.optional(PlanOverride),
  ownOverride: z.optional(LimitOverride),
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

/** An entry as it stands in Redis: under which epochs it was read, and by which settings its limits were made. */
export interface Frame extends Epochs {
  readonly id: string;
  readonly version: number;
  readonly limits: Limits;
}

/**
 * The entry as the script reads it (admit-script.ts): one line of what it decides by, the address ranges as binary
 * prefixes, the revoked tokens, and the whole of it as JSON for us.
 */
export function entryText(entry: Entry, { id, organisationEpoch, subjectEpoch, version, limits }: Frame): string {
  const { principal, organisation } = limits;
  const header = [
    id,
    organisationEpoch,
    subjectEpoch,
    version,
    entry.refused === undefined ? 0 : 1,
    entry.endsAtSeconds ?? 0,
    ...limitNumbers(principal),
    ...limitNumbers(organisation),
    organisation.concurrency,
  ];
  const ranges = entry.ranges.map(rangeBits).join(' ');
  return `${header.join(' ')}\n${ranges}\n${entry.revokedTokens.join(' ')}\n${JSON.stringify({ entry, limits })}`;
}

const Stored = z.pipe(fromJson, z.object({ entry: Entry, limits: Limits }));

/** What was kept, of its JSON; nothing for one of another release's shape. */
export const keptOf = (json: string): z.output<typeof Stored> | undefined => Stored.safeParse(json).data;

/** Of a caller who may not act. It is kept like any other, so that whoever comes again costs no query. */
export const refusedEntry = (refused: string, loadedAtSeconds: number): Entry => ({
  refused,
  roles: [],
  permissions: [],
  grants: [],
  plan: '',
  organisationPlan: '',
  ranges: [],
  revokedTokens: [],
  loadedAtSeconds,
});
