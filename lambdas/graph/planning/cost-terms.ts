import { type Cost, MOST_OBJECTS, type Size, sizeOf } from '../execute/cost';

/** Parts of a cost that depends on variables. */
const MOST_PARTS = 2_000;

const isFixed = (cost: Cost) => typeof cost === 'number';
const add = (all: number, cost: Cost) => (typeof cost === 'number' ? Math.min(MOST_OBJECTS, all + cost) : all);
const larger = (all: number, cost: Cost) => (typeof cost === 'number' ? Math.max(all, cost) : all);

export function sum(costs: readonly Cost[]): Cost {
  const fixed = costs.reduce<number>(add, 0);
  const open = costs.filter((cost) => !isFixed(cost));
  if (open.length === 0) return fixed;
  const [only] = open;
  return open.length === 1 && only !== undefined && fixed === 0 ? only : { sum: [fixed, ...open] };
}

/** Most types of an abstract one cost the same. */
export function most(costs: readonly Cost[]): Cost {
  const fixed = costs.reduce<number>(larger, 0);
  const open = [
    ...new Map(costs.filter((cost) => !isFixed(cost)).map((cost) => [JSON.stringify(cost), cost])).values(),
  ];
  if (open.length === 0) return fixed;
  const [only] = open;
  return open.length === 1 && only !== undefined && fixed === 0 ? only : { most: [fixed, ...open] };
}

/** Nothing is nothing, however often. */
export function times(size: Size, of: Cost): Cost {
  if (of === 0) return 0;
  return typeof of === 'number' && size.given.every((given) => typeof given === 'number')
    ? Math.min(MOST_OBJECTS, sizeOf(size, {}) * of)
    : { size, of };
}

/** Costs of one operation, none of which is larger than it may be. */
export class Bounded {
  private readonly parts = new WeakMap<object, number>();

  /** Written out, what is shared is written as often as it is met: nested abstract types would multiply. */
  of(cost: Cost): Cost {
    return this.partsOf(cost) > MOST_PARTS ? MOST_OBJECTS : cost;
  }

  private partsOf(cost: Cost): number {
    if (typeof cost === 'number') return 1;
    const known = this.parts.get(cost);
    if (known !== undefined) return known;
    const count = belowOf(cost).reduce<number>((all, part) => all + this.partsOf(part), ownParts(cost));
    this.parts.set(cost, count);
    return count;
  }
}

const ownParts = (cost: Exclude<Cost, number>): number =>
  'types' in cost ? Object.values(cost.types).reduce((all, fields) => all + Object.keys(fields).length, 1) : 1;

function belowOf(cost: Exclude<Cost, number>): readonly Cost[] {
  if ('sum' in cost) return cost.sum;
  if ('most' in cost) return cost.most;
  return 'of' in cost ? [cost.of] : [];
}
