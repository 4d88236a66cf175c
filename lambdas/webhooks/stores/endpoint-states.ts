import { type Change, type EndpointPlace, EndpointState } from '../records/endpoint-state';
import type { EndpointHealth } from '../registration/endpoint-view';
import { changeOf, conditionOf } from './expressions';
import { endpointIn } from './log';
import type { Expression, Item, Key, Table } from './table';
import { dueAt } from './waiting';

/** In microseconds. */
interface Slots {
  readonly count: number;
  /** From one slot to the next. */
  readonly apartUs: number;
  readonly notBeforeUs: number;
  /** What was last known to be the next free slot. */
  readonly believedUs: number | undefined;
}

interface Reserved {
  readonly firstUs: number;
  readonly state: EndpointState;
}

/** What is known of endpoints. Each change is one conditional update, and gives back what is known after it. */
export interface EndpointStates {
  /** `consistent`: with every change that was made before. */
  get(place: EndpointPlace, options?: { readonly consistent: boolean }): Promise<EndpointState>;
  healthOf(organisation: string, ids: readonly string[]): Promise<ReadonlyMap<string, EndpointHealth>>;
  /** Nothing where it is not as `before` says. */
  change(place: EndpointPlace, change: Change, before?: Partial<EndpointState>): Promise<EndpointState | undefined>;
  /** Counts a failure; those that are recent are counted anew where the first of them was before `recentAfterMs`. */
  countFailure(place: EndpointPlace, recentAfterMs: number): Promise<EndpointState>;
  /** Takes slots of an endpoint's rate for the caller alone. */
  reserve(place: EndpointPlace, slots: Slots): Promise<Reserved>;
}

/** What nobody has touched for so long says nothing any more. */
const KEPT_SECONDS = 30 * 86_400;
const MOST_TRIES = 10;
const MOST_KEYS = 100;

export const STATES = 'state#';
const keyOf = ({ organisation, id }: EndpointPlace): Key => ({ pk: `${STATES}${organisation}#${id}`, sk: 'state' });

const stateIn = (item: Item): EndpointState => EndpointState.parse(item);

const healthIn = (state: EndpointState, nowMs: number): EndpointHealth => ({
  breaker: state.breaker ?? 'closed',
  failuresInARow: state.failures,
  failingSinceMs: state.failingSinceMs,
  nextProbeMs: state.breaker === 'open' ? state.probeAtMs : undefined,
  slow: (state.slowUntilMs ?? 0) > nowMs,
});

type Updating = () => Promise<EndpointState | undefined>;
type Fields = Parameters<typeof changeOf>[0];

export function statesIn(table: Table, nowMs: () => number): EndpointStates {
  const update = async (place: EndpointPlace, { set, keep = {}, add }: Fields, condition?: Expression) => {
    const expiresAtSeconds = Math.ceil(nowMs() / 1000) + KEPT_SECONDS;
    const item = await table.update(
      keyOf(place),
      changeOf({ set: { ...set, expiresAtSeconds }, keep, add: { ...add, version: 1 } }),
      condition,
    );
    return item && stateIn(item);
  };
  return {
    get: async (place, options) => stateIn((await table.get(keyOf(place), options)) ?? {}),
    async healthOf(organisation, ids) {
      const health = new Map<string, EndpointHealth>();
      for (let from = 0; from < ids.length; from += MOST_KEYS) {
        const keys = ids.slice(from, from + MOST_KEYS).map((id) => keyOf({ organisation, id }));
        for (const item of await table.getMany(keys))
          health.set(endpointIn(String(item.pk)).id, healthIn(stateIn(item), nowMs()));
      }
      return health;
    },
    change: (place, change, before = {}) => update(place, { set: attributesOf(place, change) }, conditionOf(before)),
    async countFailure(place, recentAfterMs) {
      const keep = { failingSinceMs: nowMs() };
      const after = { after: recentAfterMs };
      const another = () =>
        update(
          place,
          { set: {}, keep, add: { failures: 1, recent: 1 } },
          { text: '#recentSinceMs > :after', values: after, names: ['recentSinceMs'] },
        );
      const first = () =>
        update(
          place,
          { set: { recent: 1, recentSinceMs: nowMs() }, keep, add: { failures: 1 } },
          { text: 'attribute_not_exists(#recentSinceMs) OR #recentSinceMs <= :after', values: after },
        );
      return inTurns(another, first);
    },
    async reserve(place, { count, apartUs, notBeforeUs, believedUs = 0 }) {
      const taken = count * apartUs;
      const from = { notBefore: notBeforeUs };
      const behind = () =>
        update(place, { set: {}, add: { slotUs: taken } }, { text: '#slotUs > :notBefore', values: from });
      const free = { text: 'attribute_not_exists(#slotUs) OR #slotUs <= :notBefore', values: from };
      const first = () => update(place, { set: { slotUs: notBeforeUs + taken } }, free);
      const state = await (believedUs > notBeforeUs ? inTurns(behind, first) : inTurns(first, behind));
      return { firstUs: (state.slotUs ?? notBeforeUs) - taken, state };
    },
  };
}

/** Of two updates whose conditions exclude each other, the one that holds: others may change that in between. */
async function inTurns(one: Updating, other: Updating): Promise<EndpointState> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const state = (await one()) ?? (await other());
    if (state) return state;
  }
  throw new Error('the state of an endpoint changes all the time');
}

/** With its place in the index, where that changes. */
function attributesOf({ id }: EndpointPlace, change: Change) {
  const { dueMs, ...fields } = change;
  if (!('dueMs' in change)) return fields;
  const due = dueMs === undefined ? undefined : dueAt(id, dueMs);
  return { ...fields, waits: due?.place, at: due?.at };
}
