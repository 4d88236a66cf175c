import * as z from 'zod/mini';
import { awsCall } from '../aws/aws-call';
import { fromJson } from '../json';
import type { Commands } from './redis';
import { script } from './script';

/** What authorizers verify with, by id: durable in DynamoDB, a copy of each in Redis. */
export interface Records {
  readonly redis: Commands;
  readonly table: string;
}

const COPY_SECONDS = 300;
export const copyOf = (id: string) => `gatehouse:records:${id}`;

/**
 * The record of this id: from Redis, or from the durable copy when Redis has lost it, is not there, or holds it in the
 * shape of an earlier release.
 */
export async function readRecord<S extends z.ZodMiniType>(
  records: Records,
  id: string,
  schema: S,
): Promise<z.output<S> | undefined> {
  const copy = z.pipe(fromJson, schema).safeParse(await records.redis.call('GET', copyOf(id)).catch(() => null));
  if (copy.success) return copy.data;
  const text = await readDurable(records, id);
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}

const Item = z.object({ Item: z.optional(z.object({ value: z.object({ S: z.string() }) })) });

async function readDurable({ redis, table }: Records, id: string): Promise<string | undefined> {
  // Consistent, because what is read here is handed out for minutes.
  const answer = await awsCall('dynamodb', 'GetItem', {
    TableName: table,
    Key: { id: { S: id } },
    ConsistentRead: true,
  });
  const text = Item.parse(answer).Item?.value.S;
  // NX: a newer copy written meanwhile stays. A Redis that is down must not stop a caller whose record we have.
  if (text !== undefined) await redis.call('SET', copyOf(id), text, 'EX', COPY_SECONDS, 'NX').catch(() => undefined);
  return text;
}

/** Writes a record where it lasts. A copy of an older one in Redis lives for minutes yet. */
export async function putDurable(table: string, id: string, value: unknown): Promise<string> {
  const text = JSON.stringify(value);
  await awsCall('dynamodb', 'PutItem', { TableName: table, Item: { id: { S: id }, value: { S: text } } });
  return text;
}

/** Writes a record: first where it lasts, then the copy. Throws when either fails, so that the writer tries again. */
export async function putRecord({ redis, table }: Records, id: string, value: unknown): Promise<void> {
  await redis.call('SET', copyOf(id), await putDurable(table, id, value), 'EX', COPY_SECONDS);
}

/** Takes a record away: where it lasts, then its copy, so that no reader makes a new one. Throws when either fails. */
export async function deleteRecord({ redis, table }: Records, id: string): Promise<void> {
  await awsCall('dynamodb', 'DeleteItem', { TableName: table, Key: { id: { S: id } } });
  await redis.call('DEL', copyOf(id));
}

/** A record that several may write at a time: what belongs to an older version never takes the place of a newer one. */
export interface Versioned {
  /** Whose record it is. Where another has taken its place, versions do not compare. */
  readonly entry: string;
  readonly version: number;
  /** DynamoDB deletes it some time after this. */
  readonly expiresAtSeconds: number;
}

const IS_OLDER = 'attribute_not_exists(#v) or #e <> :e or #v <= :v';

const SET_NEWER = script(`
local old = redis.call('GET', KEYS[1])
if old then
  local ok, record = pcall(cjson.decode, old)
  if ok and record.entry == ARGV[2] and record.version > tonumber(ARGV[3]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[4])
return 1`);

/** As `putRecord`, unless a newer version stands there. */
export async function putVersioned(records: Records, id: string, value: Versioned): Promise<void> {
  const { entry, version, expiresAtSeconds } = value;
  const written = await awsCall('dynamodb', 'PutItem', {
    TableName: records.table,
    Item: {
      id: { S: id },
      value: { S: JSON.stringify(value) },
      entry: { S: entry },
      version: { N: String(version) },
      expiresAtSeconds: { N: String(expiresAtSeconds) },
    },
    ConditionExpression: IS_OLDER,
    ExpressionAttributeNames: { '#e': 'entry', '#v': 'version' },
    ExpressionAttributeValues: { ':e': { S: entry }, ':v': { N: String(version) } },
  }).then(() => true, isConditionFailed);
  if (written) await putCopy(records, id, value);
}

function isConditionFailed(error: unknown): false {
  if (error instanceof Error && 'type' in error && error.type === 'ConditionalCheckFailedException') return false;
  throw error;
}

/** Writes the copy alone, unless a newer version stands there. */
export async function putCopy({ redis }: Pick<Records, 'redis'>, id: string, value: Versioned): Promise<void> {
  const text = JSON.stringify(value);
  await SET_NEWER(redis, [copyOf(id)], [text, value.entry, value.version, COPY_SECONDS]);
}
