import { hashOf, type Random } from './random';

/** How often something is wrong, each from 0 to 1. What is wrong depends on where it is, never on when it is asked. */
export interface Faults {
  /** A null where the schema allows one. */
  readonly nulls: number;
  /** A null where the schema does not: the subgraph reports an error, and the null moves up. */
  readonly brokenNulls: number;
  /** A resolver that throws, with different codes. */
  readonly errors: number;
  /** An entity that a subgraph does not know. */
  readonly lostEntities: number;
  /** A reference whose resolver throws. */
  readonly brokenReferences: number;
  /** A value of another type, or a null in a non-null place, that the subgraph itself lets through. */
  readonly slips: number;
  /** A subgraph that does not answer at all. */
  readonly down: number;
}

export const NO_FAULTS: Faults = {
  nulls: 0,
  brokenNulls: 0,
  errors: 0,
  lostEntities: 0,
  brokenReferences: 0,
  slips: 0,
  down: 0,
};

/** A third of the worlds is well, a third has nulls, and a third has everything. */
export function randomFaults(random: Random): Faults {
  const kind = random.weighted({ none: 3, nulls: 3, slips: 2, all: 3 });
  if (kind === 'none') return NO_FAULTS;
  if (kind === 'nulls') return { ...NO_FAULTS, nulls: random.pick([0.1, 0.3]) };
  if (kind === 'slips') return { ...NO_FAULTS, nulls: 0.1, slips: random.pick([0.02, 0.1]) };
  return {
    nulls: 0.1,
    brokenNulls: 0.03,
    errors: 0.05,
    lostEntities: 0.1,
    brokenReferences: 0.05,
    slips: random.pick([0, 0.03]),
    down: random.pick([0, 0.15]),
  };
}

export const happens = (rate: number, place: number, what: string): boolean =>
  rate > 0 && hashOf(place, what) / 2 ** 32 < rate;
