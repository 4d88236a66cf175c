import * as z from 'zod/mini';
import { AwsError, awsCall } from '../../shared/aws/aws-call';

/** What an item holds beside its key: texts and numbers; everything else is JSON in one of the texts. */
export type Plain = Readonly<Record<string, string | number | undefined>>;
export type Item = Readonly<Record<string, string | number>>;

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** An expression of DynamoDB. Names stand in it as `#name`, values as `:name`; the attributes they mean are of that name. */
export interface Expression {
  readonly text: string;
  /** Names of attributes that the text has as `#name`. */
  readonly names?: readonly string[];
  readonly values?: Plain;
}

interface Range {
  readonly index?: string;
  readonly key: Expression;
  readonly filter?: Expression | undefined;
  readonly limit?: number;
  readonly descending?: boolean;
  readonly after?: Item | undefined;
  readonly consistent?: boolean;
}

interface Found {
  readonly items: readonly Item[];
  /** Where the next page begins; nothing on the last. */
  readonly last: Item | undefined;
}

/** One table of DynamoDB with the keys `pk` and `sk`. */
export interface Table {
  get(key: Key, options?: { readonly consistent?: boolean }): Promise<Item | undefined>;
  /** All that are there of up to 100 keys, in any order. */
  getMany(keys: readonly Key[]): Promise<readonly Item[]>;
  /** False where the condition does not hold. */
  put(key: Key, attributes: Plain, condition?: Expression): Promise<boolean>;
  /** The item as it is afterwards; nothing where the condition does not hold. */
  update(key: Key, change: Expression, condition?: Expression): Promise<Item | undefined>;
  remove(key: Key, condition?: Expression): Promise<boolean>;
  query(range: Range): Promise<Found>;
}

const Attribute = z.union([z.object({ S: z.string() }), z.object({ N: z.string() })]);
const Attributes = z.record(z.string(), Attribute);
const Got = z.object({ Item: z.optional(Attributes) });
const Updated = z.object({ Attributes });
const Queried = z.object({ Items: z.array(Attributes), LastEvaluatedKey: z.optional(Attributes) });
const Batch = z.object({
  Responses: z.record(z.string(), z.array(Attributes)),
  UnprocessedKeys: z.optional(z.record(z.string(), z.object({ Keys: z.array(Attributes) }))),
});

const plain = (attributes: z.output<typeof Attributes>): Item =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, 'S' in value ? value.S : Number(value.N)]),
  );

/** As DynamoDB wants attributes; what is undefined is left out. */
export function marshalled(values: object): Readonly<Record<string, { S: string } | { N: string }>> {
  const all: Record<string, { S: string } | { N: string }> = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'string') all[name] = { S: value };
    else if (typeof value === 'number') all[name] = { N: String(value) };
  }
  return all;
}

/** Names and values of several expressions of one request, as DynamoDB wants them. */
function placeholders(expressions: readonly (Expression | undefined)[]) {
  const names = expressions.flatMap((expression) => expression?.names ?? []);
  const values = Object.fromEntries(
    expressions.flatMap((expression) =>
      Object.entries(expression?.values ?? {}).map(([name, value]) => [`:${name}`, value]),
    ),
  );
  return {
    ...(names.length > 0 && { ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])) }),
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: marshalled(values) }),
  };
}

function isConditionFailed(error: unknown): undefined {
  if (error instanceof AwsError && error.type === 'ConditionalCheckFailedException') return undefined;
  throw error;
}

const conditionOf = (condition: Expression | undefined) => condition && { ConditionExpression: condition.text };

export function tableOf(name: string): Table {
  const call = (action: string, input: Readonly<Record<string, unknown>>) =>
    awsCall('dynamodb', action, { TableName: name, ...input });
  return {
    async get(key, { consistent = false } = {}) {
      const { Item: found } = Got.parse(await call('GetItem', { Key: marshalled(key), ConsistentRead: consistent }));
      return found && plain(found);
    },
    getMany: (keys) => getMany(name, keys),
    async put(key, attributes, condition) {
      const input = {
        Item: marshalled({ ...key, ...attributes }),
        ...conditionOf(condition),
        ...placeholders([condition]),
      };
      return call('PutItem', input)
        .then(() => true, isConditionFailed)
        .then((done) => done === true);
    },
    async update(key, change, condition) {
      const input = {
        Key: marshalled(key),
        UpdateExpression: change.text,
        ...conditionOf(condition),
        ...placeholders([change, condition]),
        ReturnValues: 'ALL_NEW',
      };
      const answer = await call('UpdateItem', input).catch(isConditionFailed);
      return answer === undefined ? undefined : plain(Updated.parse(answer).Attributes);
    },
    async remove(key, condition) {
      const input = { Key: marshalled(key), ...conditionOf(condition), ...placeholders([condition]) };
      return call('DeleteItem', input)
        .then(() => true, isConditionFailed)
        .then((done) => done === true);
    },
    async query({ index, key, filter, limit, descending = false, after, consistent = false }) {
      const answer = await call('Query', {
        KeyConditionExpression: key.text,
        ...(index !== undefined && { IndexName: index }),
        ...(filter && { FilterExpression: filter.text }),
        ...placeholders([key, filter]),
        ...(limit !== undefined && { Limit: limit }),
        ScanIndexForward: !descending,
        ...(after && { ExclusiveStartKey: marshalled(after) }),
        ...(consistent && { ConsistentRead: true }),
      });
      const { Items: items, LastEvaluatedKey: last } = Queried.parse(answer);
      return { items: items.map(plain), last: last && plain(last) };
    },
  };
}

/** More rounds than a table that is merely busy needs. */
const MOST_ROUNDS = 8;
const PAUSE_MS = 50;

async function getMany(name: string, keys: readonly Key[]): Promise<readonly Item[]> {
  const items: Item[] = [];
  let left: readonly unknown[] = keys.map((key) => marshalled(key));
  for (let round = 0; left.length > 0; round += 1) {
    if (round === MOST_ROUNDS) throw new AwsError('ThroughputExceeded', `${left.length} items were not read`, true);
    if (round > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * round));
    const answer = Batch.parse(await awsCall('dynamodb', 'BatchGetItem', { RequestItems: { [name]: { Keys: left } } }));
    items.push(...(answer.Responses[name] ?? []).map(plain));
    left = answer.UnprocessedKeys?.[name]?.Keys ?? [];
  }
  return items;
}
