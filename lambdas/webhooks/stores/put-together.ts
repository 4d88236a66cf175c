import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod/mini';
import { AwsError, awsCallWith } from '../../shared/aws/aws-call';
import { itemText } from './item-text';
import type { Key, Plain, Table } from './table';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
const MOST_ITEMS = 25;
/** How long a write waits for others. Most attempts of a batch end at about the same time. */
const LINGER_MS = 4;
const MOST_ROUNDS = 8;
const PAUSE_MS = 50;

interface Put {
  readonly key: Key;
  /** As JSON. */
  readonly item: string;
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
  let gathered: Put[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const puts = gathered;
    gathered = [];
    void write(name, puts);
  };
  const gather = (key: Key, attributes: Plain) =>
    new Promise<true>((done, failed) => {
      // A request may name an item once.
      if (gathered.some((put) => isSame(put.key, key))) flush();
      gathered.push({ key, item: itemText(key, attributes), done, failed });
      if (gathered.length === MOST_ITEMS) flush();
      else timer ??= setTimeout(flush, LINGER_MS);
    });
  return {
    ...table,
    put: (key, attributes, condition) => (condition ? table.put(key, attributes, condition) : gather(key, attributes)),
  };
}

const isSame = (one: Key, other: Key) => one.sk === other.sk && one.pk === other.pk;

async function write(name: string, puts: readonly Put[], round = 0): Promise<void> {
  let left = puts;
  try {
    if (round === MOST_ROUNDS) throw new AwsError('ThroughputExceeded', `${puts.length} items were not written`, true);
    if (round > 0) await pause(PAUSE_MS * round);
    const unwritten = await writeOnce(name, puts);
    left = unwritten.length === 0 ? NONE : puts.filter(({ key }) => unwritten.some((other) => isSame(key, other)));
    for (const put of puts) if (!left.includes(put)) put.done(true);
  } catch (error) {
    for (const { failed } of left) failed(error);
    return;
  }
  if (left.length > 0) await write(name, left, round + 1);
}

const NONE: readonly Put[] = [];

/** The keys of those that the table did not take. */
async function writeOnce(name: string, puts: readonly Put[]): Promise<readonly Key[]> {
  const requests = puts.map(({ item }) => `{"PutRequest":{"Item":${item}}}`).join(',');
  const input = `{"RequestItems":{${JSON.stringify(name)}:[${requests}]}}`;
  const answer = await awsCallWith('dynamodb', 'BatchWriteItem', input);
  const unwritten = Written.parse(answer).UnprocessedItems?.[name] ?? [];
  return unwritten.map(({ PutRequest: { Item } }) => ({ pk: Item.pk.S, sk: Item.sk.S }));
}
