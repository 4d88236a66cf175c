import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod/mini';
import { AwsError, awsCall } from '../../shared/aws/aws-call';
import { type Key, marshalled, type Plain, type Table } from './table';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
const MOST_ITEMS = 25;
/** How long a write waits for others. Most attempts of a batch end at about the same time. */
const LINGER_MS = 4;
const MOST_ROUNDS = 8;
const PAUSE_MS = 50;

interface Put {
  readonly item: ReturnType<typeof marshalled>;
  readonly done: (written: true) => void;
  readonly failed: (error: unknown) => void;
}

const Text = z.object({ S: z.string() });
const Written = z.object({
  UnprocessedItems: z.optional(
    z.record(z.string(), z.array(z.object({ PutRequest: z.object({ Item: z.object({ pk: Text, sk: Text }) }) }))),
  ),
});

/**
 * The same table, where writes without a condition that come at about the same time are one request. They are charged by the
 * item as ever, but of the CPU of a request each takes its share alone. Each still ends by itself, once it is written.
 */
export function puttingTogether(name: string, table: Table): Table {
  let gathered = new Map<string, Put>();
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const puts = gathered;
    gathered = new Map();
    void write(name, puts);
  };
  const gather = (key: Key, attributes: Plain) =>
    new Promise<true>((done, failed) => {
      const place = placeOf(key);
      // A request may name an item once.
      if (gathered.has(place)) flush();
      gathered.set(place, { item: marshalled({ ...key, ...attributes }), done, failed });
      if (gathered.size === MOST_ITEMS) flush();
      else timer ??= setTimeout(flush, LINGER_MS);
    });
  return {
    ...table,
    put: (key, attributes, condition) => (condition ? table.put(key, attributes, condition) : gather(key, attributes)),
  };
}

const placeOf = ({ pk, sk }: Key) => `${pk}\n${sk}`;

async function write(name: string, puts: ReadonlyMap<string, Put>): Promise<void> {
  let left = puts;
  try {
    for (let round = 0; left.size > 0; round += 1) {
      if (round === MOST_ROUNDS) throw new AwsError('ThroughputExceeded', `${left.size} items were not written`, true);
      if (round > 0) await pause(PAUSE_MS * round);
      const unwritten = await writeOnce(name, left);
      for (const [place, { done }] of left) if (!unwritten.has(place)) done(true);
      left = new Map([...left].filter(([place]) => unwritten.has(place)));
    }
  } catch (error) {
    for (const { failed } of left.values()) failed(error);
  }
}

/** The places of those that the table did not take. */
async function writeOnce(name: string, puts: ReadonlyMap<string, Put>): Promise<ReadonlySet<string>> {
  const requests = [...puts.values()].map(({ item }) => ({ PutRequest: { Item: item } }));
  const answer = await awsCall('dynamodb', 'BatchWriteItem', { RequestItems: { [name]: requests } });
  const unwritten = Written.parse(answer).UnprocessedItems?.[name] ?? [];
  return new Set(unwritten.map(({ PutRequest: { Item } }) => placeOf({ pk: Item.pk.S, sk: Item.sk.S })));
}
