import { compileFilter } from '../filter/compile';
import type { EventView } from '../filter/event-view';
import type { Filter } from '../filter/filter';

/** What routing must know of an endpoint. */
export interface Routed {
  readonly id: string;
  /** `invoice.paid`; `invoice.*`, at any depth below; `*`. */
  readonly types: readonly string[];
  /** It takes only events of this channel. @default those of any, and those of none */
  readonly channel?: string | undefined;
  readonly filter?: Filter | undefined;
}

export interface Routing<E extends Routed = Routed> {
  /** The endpoints that the event goes to, each once. */
  route(event: EventView): readonly E[];
}

interface Entry<E> {
  readonly endpoint: E;
  readonly matches: ((event: EventView) => boolean) | undefined;
}

/** The endpoints of one type: those of any channel, and those of one. */
interface Bucket<E> {
  readonly open: Entry<E>[];
  readonly byChannel: Map<string, Entry<E>[]>;
}

/** Whoever takes no such type, or another channel alone, costs nothing: only the rest's filters are asked. */
export function compileRouting<E extends Routed>(endpoints: readonly E[]): Routing<E> {
  const exact = new Map<string, Bucket<E>>();
  const below = new Map<string, Bucket<E>>();
  for (const endpoint of endpoints) {
    const matches = endpoint.filter && compileFilter(endpoint.filter);
    for (const type of widest(endpoint.types)) {
      const [buckets, key] = isWide(type) ? [below, stem(type)] : [exact, type];
      add(buckets, key, { endpoint, matches });
    }
  }
  return { route: (event) => collect(exact, below, event) };
}

const isWide = (type: string) => type === '*' || type.endsWith('.*');
/** What stands before the star: nothing for `*`, else with its dot. */
const stem = (type: string) => type.slice(0, -1);

/** The types of which none is within another, so that no event finds its endpoint twice. */
function widest(types: readonly string[]): ReadonlySet<string> {
  const stems = types.filter(isWide).map(stem);
  const isWithinOther = (type: string) =>
    stems.some((each) => (isWide(type) ? stem(type) !== each && stem(type).startsWith(each) : type.startsWith(each)));
  return new Set(types.filter((type) => !isWithinOther(type)));
}

function add<E extends Routed>(buckets: Map<string, Bucket<E>>, key: string, entry: Entry<E>): void {
  const bucket = buckets.get(key) ?? { open: [], byChannel: new Map<string, Entry<E>[]>() };
  buckets.set(key, bucket);
  const { channel } = entry.endpoint;
  if (channel === undefined) return void bucket.open.push(entry);
  const entries = bucket.byChannel.get(channel) ?? [];
  bucket.byChannel.set(channel, entries);
  entries.push(entry);
}

function collect<E>(
  exact: ReadonlyMap<string, Bucket<E>>,
  below: ReadonlyMap<string, Bucket<E>>,
  event: EventView,
): E[] {
  const found: E[] = [];
  take(exact.get(event.type), event, found);
  take(below.get(''), event, found);
  for (let dot = event.type.indexOf('.'); dot >= 0; dot = event.type.indexOf('.', dot + 1))
    take(below.get(event.type.slice(0, dot + 1)), event, found);
  return found;
}

function take<E>(bucket: Bucket<E> | undefined, event: EventView, found: E[]): void {
  if (!bucket) return;
  takeFitting(bucket.open, event, found);
  const entries = event.channel === undefined ? undefined : bucket.byChannel.get(event.channel);
  if (entries) takeFitting(entries, event, found);
}

function takeFitting<E>(entries: readonly Entry<E>[], event: EventView, found: E[]): void {
  for (const { endpoint, matches } of entries) if (!matches || matches(event)) found.push(endpoint);
}
