import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Redis } from 'ioredis';
import * as z from 'zod/mini';
import { fromJson } from './json';

/** What authorizers verify with, by id: durable in DynamoDB, a copy of each in Redis. */
export interface Records {
  readonly redis: Redis;
  readonly table: string;
}

const COPY_SECONDS = 300;
const copyOf = (id: string) => `gatehouse:records:${id}`;

let client: DynamoDBClient | undefined;

/** The SDK costs 45 ms to load: it is loaded by the first record that Redis does not have. */
async function dynamoDb() {
  const sdk = await import('@aws-sdk/client-dynamodb');
  client ??= new sdk.DynamoDBClient({});
  return { client, ...sdk };
}

/**
 * The record of this id: from Redis, or from the durable copy when Redis has lost it, is not there, or holds it in the
 * shape of an earlier release.
 */
export async function readRecord<S extends z.ZodMiniType>(
  records: Records,
  id: string,
  schema: S,
): Promise<z.output<S> | undefined> {
  const copy = z.pipe(fromJson, schema).safeParse(await records.redis.get(copyOf(id)).catch(() => null));
  if (copy.success) return copy.data;
  const text = await readDurable(records, id);
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}

async function readDurable({ redis, table }: Records, id: string): Promise<string | undefined> {
  const { client: dynamo, GetItemCommand } = await dynamoDb();
  // Consistent, because what is read here is handed out for minutes.
  const { Item } = await dynamo.send(
    new GetItemCommand({ TableName: table, Key: { id: { S: id } }, ConsistentRead: true }),
  );
  if (!Item) return undefined;
  const text = z.string().parse(Item.value?.S);
  // NX: a newer copy written meanwhile stays. A Redis that is down must not stop a caller whose record we have.
  await redis.set(copyOf(id), text, 'EX', COPY_SECONDS, 'NX').catch(() => undefined);
  return text;
}

/** Writes a record where it lasts. A copy of an older one in Redis lives for minutes yet. */
export async function putDurable(table: string, id: string, value: unknown): Promise<string> {
  const { client: dynamo, PutItemCommand } = await dynamoDb();
  const text = JSON.stringify(value);
  await dynamo.send(new PutItemCommand({ TableName: table, Item: { id: { S: id }, value: { S: text } } }));
  return text;
}

/** Writes a record: first where it lasts, then the copy. Throws when either fails, so that the writer tries again. */
export async function putRecord({ redis, table }: Records, id: string, value: unknown): Promise<void> {
  await redis.set(copyOf(id), await putDurable(table, id, value), 'EX', COPY_SECONDS);
}

/** Takes a record away: where it lasts, then its copy, so that no reader makes a new one. */
export async function deleteRecord({ redis, table }: Records, id: string): Promise<void> {
  const { client: dynamo, DeleteItemCommand } = await dynamoDb();
  await dynamo.send(new DeleteItemCommand({ TableName: table, Key: { id: { S: id } } }));
  await redis.del(copyOf(id));
}
