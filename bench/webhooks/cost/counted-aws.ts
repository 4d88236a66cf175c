import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import * as z from 'zod/mini';
import { SETTINGS_TABLE } from '../../../test/support/webhooks';

/** What AWS charges for. */
export interface Units {
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly queueRequests: number;
}

/** By the action of AWS. */
export type Counts = ReadonlyMap<string, Units>;

const NOTHING: Units = { writeUnits: 0, readUnits: 0, queueRequests: 0 };
export const sum = (all: Iterable<Units>): Units =>
  [...all].reduce(
    (left, right) => ({
      writeUnits: left.writeUnits + right.writeUnits,
      readUnits: left.readUnits + right.readUnits,
      queueRequests: left.queueRequests + right.queueRequests,
    }),
    NOTHING,
  );

const Item = z.record(z.string(), z.union([z.object({ S: z.string() }), z.object({ N: z.string() })]));
type Item = z.output<typeof Item>;
const Asked = z.looseObject({
  TableName: z.optional(z.string()),
  Key: z.optional(Item),
  Item: z.optional(Item),
  ConsistentRead: z.optional(z.boolean()),
  RequestItems: z.optional(z.record(z.string(), z.array(z.object({ PutRequest: z.object({ Item }) })))),
  Entries: z.optional(z.array(z.looseObject({ MessageBody: z.optional(z.string()) }))),
});
const Answered = z.looseObject({
  Item: z.optional(Item),
  Attributes: z.optional(Item),
  Messages: z.optional(z.array(z.looseObject({ Body: z.string() }))),
});

/**
 * Names and values in UTF-8; a number takes a byte for two digits, and one.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
const bytesOf = (item: Item): number =>
  Object.entries(item).reduce(
    (total, [name, value]) =>
      total + Buffer.byteLength(name) + ('S' in value ? Buffer.byteLength(value.S) : Math.ceil(value.N.length / 2) + 1),
    0,
  );

/** A unit writes 1 KB; what stands in the sparse index is written there too. */
const writeUnitsOf = (item: Item): number => Math.ceil(bytesOf(item) / 1024) + ('waits' in item ? 1 : 0);
/** A unit reads 4 KB, or 8 KB of what may be a moment old. */
const readUnitsOf = (item: Item | undefined, consistent: boolean): number =>
  Math.max(1, Math.ceil((item ? bytesOf(item) : 0) / 4096)) * (consistent ? 1 : 0.5);
/** SQS counts in pieces of 64 KB. */
const queueRequestsOf = (bodies: readonly string[]): number =>
  Math.max(1, Math.ceil(bodies.reduce((total, body) => total + Buffer.byteLength(body), 0) / 65_536));

function unitsOf(action: string, asked: z.output<typeof Asked>, answered: z.output<typeof Answered>): Units {
  switch (action) {
    case 'PutItem':
      return { ...NOTHING, writeUnits: writeUnitsOf(asked.Item ?? {}) };
    case 'UpdateItem':
      return { ...NOTHING, writeUnits: writeUnitsOf(answered.Attributes ?? asked.Key ?? {}) };
    case 'BatchWriteItem': {
      const items = Object.values(asked.RequestItems ?? {}).flat();
      return { ...NOTHING, writeUnits: items.reduce((total, each) => total + writeUnitsOf(each.PutRequest.Item), 0) };
    }
    case 'GetItem':
      return { ...NOTHING, readUnits: readUnitsOf(answered.Item, asked.ConsistentRead === true) };
    case 'SendMessageBatch':
      return {
        ...NOTHING,
        queueRequests: queueRequestsOf((asked.Entries ?? []).map((each) => each.MessageBody ?? '')),
      };
    case 'ReceiveMessage':
      return { ...NOTHING, queueRequests: queueRequestsOf((answered.Messages ?? []).map(({ Body }) => Body)) };
    case 'DeleteMessageBatch':
      return { ...NOTHING, queueRequests: 1 };
    default:
      throw new Error(`${action} is called, and has no price in the cost model`);
  }
}

/** Of what an environment asks every few seconds, and not for each delivery: settings (endpoints among them), and their states. */
function isRefreshed(action: string, { TableName, Key }: z.output<typeof Asked>): boolean {
  if (!['GetItem', 'Query'].includes(action)) return false;
  return TableName === SETTINGS_TABLE || (Key?.pk !== undefined && 'S' in Key.pk && Key.pk.S.startsWith('state#'));
}

export interface CountedAws {
  readonly url: string;
  /** Since it was asked last. What is asked for every few seconds is only numbered. */
  take(): { readonly counts: Counts; readonly refreshed: number };
  stop(): void;
}

/** Stands before the emulators of AWS, and counts what real calls would cost. */
export async function countedAws(upstream: string): Promise<CountedAws> {
  let counts = new Map<string, Units>();
  let refreshed = 0;
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    const headers = Object.entries(request.headers).filter(([name]) =>
      /^(x-amz|content-type|authorization)/.test(name),
    );
    const answer = await fetch(upstream, {
      method: 'POST',
      body,
      headers: headers.map(([name, value]) => [name, String(value)]),
    });
    const told = await answer.text();
    const action = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    const asked = Asked.parse(JSON.parse(body));
    if (isRefreshed(action, asked)) refreshed += 1;
    else if (action !== 'GetSecretValue')
      counts.set(
        action,
        sum([counts.get(action) ?? NOTHING, unitsOf(action, asked, Answered.parse(JSON.parse(told)))]),
      );
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(told);
  };
  const server = createServer((request, response) => {
    pass(request, response).catch((error: unknown) =>
      response.writeHead(500).end(JSON.stringify({ __type: 'NotCounted', message: String(error) })),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${Object(server.address()).port}`,
    take() {
      const taken = { counts, refreshed };
      counts = new Map();
      refreshed = 0;
      return taken;
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
