import { isObject, list, object, text } from '../json';
import { arn } from './arn';
import type { Context } from './conditions';
import { forward } from './forward';
import type { Need } from './iam';
import { type AwsCall, type AwsService, notEmulated } from './service';

/** What dynalite 4 answers; it has no transactions, no PartiQL and no UpdateTimeToLive. */
const EMULATED = new Set(
  'BatchGetItem BatchWriteItem CreateTable DeleteItem DeleteTable DescribeTable DescribeTimeToLive GetItem ListTables ListTagsOfResource PutItem Query Scan TagResource UntagResource UpdateItem UpdateTable'.split(
    ' ',
  ),
);

/** The partition key's name of a table, or of its index. */
export type PartitionKeyOf = (table: string, index: string | undefined) => string | undefined;

const arnOf = (table: string) => (table.startsWith('arn:') ? table : arn('dynamodb', `table/${table}`));

/** `{ S: 'a' }` is how a key's value travels; the condition key holds the plain value. */
const plain = (value: unknown) => Object.values(object(value)).map(String);

/** The partition key values that a request names, for `dynamodb:LeadingKeys`. */
function leadingKeys(body: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const direct = object(body.Key ?? body.Item)[name];
  if (direct !== undefined) return plain(direct);
  const conditions = object(object(body.KeyConditions)[name]);
  if (conditions.AttributeValueList) return list(conditions.AttributeValueList).flatMap(plain);
  const aliases = object(body.ExpressionAttributeNames);
  const compared = /([#\w.-]+)\s*=\s*(:\w+)/g;
  for (const [, left = '', right = ''] of (text(body.KeyConditionExpression) ?? '').matchAll(compared)) {
    if ((aliases[left] ?? left) === name) return plain(object(body.ExpressionAttributeValues)[right]);
  }
  return [];
}

/** The write requests of a batch as the bodies of single calls: `{ Key }` or `{ Item }`. */
const batchItems = (requests: unknown): readonly Readonly<Record<string, unknown>>[] =>
  isObject(requests)
    ? list(requests.Keys).map((key) => ({ Key: key }))
    : list(requests).flatMap((request) => Object.values(object(request)).map(object));

/** Which actions a call needs: batches once a table, transactions item by item with the single action's name. */
function needsOf({ action, body }: AwsCall, partitionKeyOf: PartitionKeyOf): readonly Need[] {
  const context = (table: string, index: string | undefined, items: readonly Readonly<Record<string, unknown>>[]) => {
    const name = partitionKeyOf(table, index);
    const keys = name === undefined ? [] : items.flatMap((item) => leadingKeys(item, name));
    return { 'dynamodb:leadingkeys': [...new Set(keys)] } satisfies Context;
  };
  const need = (verb: string, item: Readonly<Record<string, unknown>>): Need => {
    const table = text(item.TableName) ?? text(item.ResourceArn);
    const index = text(item.IndexName);
    if (table === undefined) return { action: `dynamodb:${verb}`, resource: '*' };
    const resource = index === undefined ? arnOf(table) : `${arnOf(table)}/index/${index}`;
    return { action: `dynamodb:${verb}`, resource, context: context(table, index, [item]) };
  };
  if (action.startsWith('Transact')) {
    return list(body.TransactItems).flatMap((item) =>
      Object.entries(object(item)).map(([verb, single]) =>
        need(verb === 'ConditionCheck' ? 'ConditionCheckItem' : `${verb}Item`, object(single)),
      ),
    );
  }
  if (!action.startsWith('Batch')) return [need(action, body)];
  return Object.entries(object(body.RequestItems)).map(([table, requests]) => ({
    action: `dynamodb:${action}`,
    resource: arnOf(table),
    context: context(table, undefined, batchItems(requests)),
  }));
}

/** DynamoDB by dynalite on a loopback port. */
export const dynamoDb = (port: number, partitionKeyOf: PartitionKeyOf): AwsService => ({
  needs: (call) => needsOf(call, partitionKeyOf),
  answer(call) {
    if (!EMULATED.has(call.action)) return Promise.reject(notEmulated('dynamodb', call.action));
    return forward(port, call);
  },
});
