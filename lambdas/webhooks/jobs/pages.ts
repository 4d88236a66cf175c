import type { DeliveryRecord } from '../records/delivery';
import { firstIdAt } from '../records/event';
import { ABOUT, type JobRecord } from '../records/job';
import { deliveriesAt, deliveryIn, WAITS } from '../stores/log';
import type { Table } from '../stores/table';
import { placeOf } from '../stores/waiting';

/** What one read finds, in the order of events. */
interface Page {
  readonly deliveries: readonly DeliveryRecord[];
  /** The last event that was looked at; nothing where the job has come to its end. */
  readonly last: string | undefined;
}

/** After every id. */
const LAST = 'evt_~';

/** The next deliveries that a job is about: of those that it looks at, no more than `limit`. */
export async function nextPage(table: Table, job: JobRecord, limit: number): Promise<Page> {
  const page = job.what === 'replay' ? await ofEndpoint(table, job, limit) : await waiting(table, job, limit);
  const { state } = ABOUT[job.what];
  return {
    last: page.last,
    deliveries: page.deliveries.filter((each) => each.state === state && isOfTypes(job.types, each.type)),
  };
}

/** An id with this behind it sorts after the id and before the next one. */
const JUST_AFTER = '.';

const rangeOf = ({ after, fromMs, toMs }: JobRecord) => {
  const first = fromMs === undefined ? 'evt_' : firstIdAt(fromMs);
  return {
    from: after === undefined ? first : `${after}${JUST_AFTER}`,
    to: toMs === undefined ? LAST : firstIdAt(toMs),
  };
};

async function ofEndpoint(table: Table, job: JobRecord, limit: number): Promise<Page> {
  const range = rangeOf(job);
  if (range.from > range.to) return { deliveries: [], last: undefined };
  const pk = deliveriesAt(job.organisation, job.endpoint);
  const { items, last } = await table.query({
    key: { text: 'pk = :pk AND sk BETWEEN :from AND :to', values: { pk, ...range } },
    limit,
  });
  return { deliveries: items.map(deliveryIn), last: last && String(last.sk) };
}

/** What waits is found by the index, which has keys alone. */
async function waiting(table: Table, job: JobRecord, limit: number): Promise<Page> {
  const range = rangeOf(job);
  if (range.from > range.to) return { deliveries: [], last: undefined };
  const place = placeOf(ABOUT[job.what].state, job.organisation, job.endpoint);
  const { items, last } = await table.query({
    index: WAITS,
    key: {
      text: '#waits = :place AND #at BETWEEN :from AND :to',
      names: ['waits', 'at'],
      values: { place, ...range },
    },
    limit,
  });
  const keys = items.map(({ pk, sk }) => ({ pk: String(pk), sk: String(sk) }));
  const found = keys.length === 0 ? [] : await table.getMany(keys);
  const deliveries = found.map(deliveryIn).toSorted((a, b) => (a.event < b.event ? -1 : 1));
  return { deliveries, last: last && String(last.sk) };
}

const isOfTypes = (types: readonly string[] | undefined, type: string): boolean =>
  types === undefined ||
  types.some((each) => each === '*' || each === type || (each.endsWith('.*') && type.startsWith(each.slice(0, -1))));
