import { join } from 'node:path';
import { awsCall } from '../aws/client';
import type { PartitionKeyOf } from '../aws/dynamodb';
import { AwsError } from '../aws/service';
import { flag, list, object, text } from '../json';
import type { Resource, Running } from '../types';
import { startEmulator } from './emulator';

export interface DynamoDbStore extends Running {
  readonly port: number;
  readonly partitionKeyOf: PartitionKeyOf;
  /** What of the templates' tables is not done here, one line each. */
  readonly notes: readonly string[];
}

export const isTable = ({ type }: Resource) => type === 'AWS::DynamoDB::GlobalTable' || type === 'AWS::DynamoDB::Table';

type Properties = Readonly<Record<string, unknown>>;

const indexOf = (index: unknown) => {
  const { IndexName, KeySchema, Projection } = object(index);
  return { IndexName, KeySchema, Projection };
};

/** What decides about a table's data: everything else of the resource can change without losing it. */
const shapeOf = (table: Properties) => ({
  KeySchema: table.KeySchema,
  AttributeDefinitions: table.AttributeDefinitions,
  ...(table.GlobalSecondaryIndexes ? { GlobalSecondaryIndexes: list(table.GlobalSecondaryIndexes).map(indexOf) } : {}),
  ...(table.LocalSecondaryIndexes ? { LocalSecondaryIndexes: list(table.LocalSecondaryIndexes).map(indexOf) } : {}),
});

/** Independent of the order of properties and of lists: dynalite keeps indexes in an order of its own. */
const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).toSorted().join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '';
  return `{${Object.entries(value)
    .map(([name, item]) => `${name}:${canonical(item)}`)
    .toSorted()
    .join()}}`;
};

async function describe(url: string, TableName: string): Promise<Properties | undefined> {
  try {
    return object((await awsCall(url, 'dynamodb', 'DescribeTable', { TableName })).Table);
  } catch (error) {
    if (error instanceof AwsError && error.type === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

/** dynalite answers before the table is there or gone, as AWS does, only sooner. */
async function settled(url: string, name: string, status: string | undefined): Promise<void> {
  while ((await describe(url, name))?.TableStatus !== status) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Makes the table, or makes it anew when its keys or indexes are others than those of the last run. */
async function ensureTable(url: string, { id, ref, properties }: Resource): Promise<readonly string[]> {
  const shape = shapeOf(properties);
  const known = await describe(url, ref);
  if (known && canonical(shapeOf(known)) === canonical(shape)) return [];
  if (known) {
    await awsCall(url, 'dynamodb', 'DeleteTable', { TableName: ref });
    await settled(url, ref, undefined);
  }
  await awsCall(url, 'dynamodb', 'CreateTable', { TableName: ref, BillingMode: 'PAY_PER_REQUEST', ...shape });
  await settled(url, ref, 'ACTIVE');
  return known ? [`${id}: keys or indexes changed, so the table starts empty`] : [];
}

function notesOf({ id, properties }: Resource): readonly string[] {
  const expires = flag(object(properties.TimeToLiveSpecification).Enabled);
  return [
    ...(expires ? [`${id}: items past their time to live stay (dynalite has no TTL)`] : []),
    ...(properties.StreamSpecification ? [`${id}: no stream (dynalite has none)`] : []),
  ];
}

const hashKey = (schema: unknown) =>
  text(object(list(schema).find((part) => object(part).KeyType === 'HASH')).AttributeName);

function partitionKeys(tables: readonly Resource[]): PartitionKeyOf {
  const byName = new Map(tables.flatMap((table) => [table.ref, table.attribute('Arn')].map((name) => [name, table])));
  return (name, index) => {
    const properties = byName.get(name)?.properties ?? {};
    if (index === undefined) return hashKey(properties.KeySchema);
    const indexes = [...list(properties.GlobalSecondaryIndexes), ...list(properties.LocalSecondaryIndexes)];
    return hashKey(object(indexes.find((each) => object(each).IndexName === index)).KeySchema);
  };
}

/** Starts dynalite with its data under `folder` and with the templates' tables. */
export async function startDynamoDb(
  folder: string,
  resources: readonly Resource[],
  onCrash: (error: Error) => void,
): Promise<DynamoDbStore> {
  const tables = resources.filter(isTable);
  const emulator = await startEmulator(join(__dirname, 'dynamodb.worker.mjs'), folder, onCrash);
  const url = `http://127.0.0.1:${emulator.port}`;
  const changes = await Promise.all(tables.map((table) => ensureTable(url, table)));
  return {
    ...emulator,
    partitionKeyOf: partitionKeys(tables),
    notes: [...changes.flat(), ...tables.flatMap(notesOf)],
  };
}
