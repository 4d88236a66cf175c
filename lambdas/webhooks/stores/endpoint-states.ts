import { type Change, type EndpointPlace, EndpointState } from '../records/endpoint-state';
import type { EndpointHealth } from '../registration/endpoint-view';
import { changeOf, conditionOf } from './expressions';
import { endpointIn } from './log';
import type { Expression, Item, Key, Table } from './table';
import { dueAt } from './waiting';

interface Slots {
  readonly count: number;
  /** From one slot to the next. */
  readonly apartMs: number;
  readonly notBeforeMs: number;
  /** What was last known to be the next free slot. */
  readonly believedMs: number | undefined;
}

interface Reserved {
  readonly firstMs: number;
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
/** Callers are in each other's way only where the line of slots begins anew. */
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

type Fields = Parameters<typeof changeOf>[0];

export function statesIn(table: Table, nowMs: () => number): EndpointStates {
  const update = async (place: EndpointPlace, { set, ...rest }: Fields, condition?: Expression) => {
    const expiresAtSeconds = Math.ceil(nowMs() / 1000) + KEPT_SECONDS;
    const item = await table.update(keyOf(place), changeOf({ set: { ...set, expiresAtSeconds }, ...rest }), condition);
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
      const one = { failures: 1, recent: 1 };
      const keep = { failingSinceMs: nowMs() };
      const isRecent = { text: '#recentSinceMs > :after', names: ['recentSinceMs'], values: { after: recentAfterMs } };
      const counted = await update(place, { set: {}, keep, add: one }, isRecent);
      const anew = { set: { recent: 1, recentSinceMs: nowMs() }, keep, add: { failures: 1 } };
      return counted ?? (await update(place, anew)) ?? stateIn({});
    },
    async reserve(place, { count, apartMs, notBeforeMs, believedMs = 0 }) {
      const taken = count * apartMs;
      const from = { notBefore: notBeforeMs };
      const behind = () =>
        update(place, { set: {}, add: { slotMs: taken } }, { text: '#slotMs > :notBefore', values: from });
      const free = { text: 'attribute_not_exists(#slotMs) OR #slotMs <= :notBefore', values: from };
      const first = () => update(place, { set: { slotMs: notBeforeMs + taken } }, free);
      for (let asks = believedMs > notBeforeMs ? 0 : 1; asks < MOST_TRIES; asks += 1) {
        const state = await (asks % 2 === 0 ? behind() : first());
        if (state?.slotMs !== undefined) return { firstMs: state.slotMs - taken, state };
      }
      throw new Error('no slot was to be had: others were faster');
    },
  };
}

/** With its place in the index, where that changes. */
function attributesOf({ id }: EndpointPlace, change: Change) {
  const { dueMs, ...fields } = change;
  if (!('dueMs' in change)) return fields;
  const due = dueMs === undefined ? undefined : dueAt(id, dueMs);
  return { ...fields, waits: due?.place, at: due?.at };
}
