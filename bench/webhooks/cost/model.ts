import type { Counted } from './count';
import { sum } from './counted-aws';

/** List prices of us-east-1 in dollars, without free tiers. */
const PRICES = {
  /** A million write request units, on demand; as many read request units. https://aws.amazon.com/dynamodb/pricing/on-demand/ */
  writeUnits: 0.625,
  readUnits: 0.125,
  /** A million requests of a standard queue, and what fair queues (`MessageGroupId`) cost beside. https://aws.amazon.com/sqs/pricing/ */
  queueRequests: 0.4 + 0.1,
  /** A million runs; a GB-second on ARM. https://aws.amazon.com/lambda/pricing/ */
  runs: 0.2,
  gbSecond: 0.0000133334,
} as const;

/** Of the functions (lib/constructs/gateway-function.ts; a test compares). */
export const MEMORY_MB = 512;
/** What most endpoints take to answer. Attempts of a batch are made at once, so that the batch takes as long as its slowest. */
const ANSWER_MS = 250;
/** Beside: reading and writing the log, with a DynamoDB that answers in 5 ms. */
const OWN_MS = 15;
/** A request to publish: Valkey once, then events 32 at a time and their messages, at 5 ms each. */
const publishMs = (events: number) => 10 + 5 * Math.ceil(events / 32) + 5 * Math.ceil(events / 80);

export const MOST_DOLLARS = 3;

interface Line {
  readonly what: string;
  readonly each: number;
  readonly dollars: number;
}

/** Dollars for a million deliveries, line by line. */
export function linesOf({ counts, deliveries, published, sent }: Counted): readonly Line[] {
  const { writeUnits, readUnits, queueRequests } = sum(counts.values());
  const line = (what: string, all: number, price: number) => ({
    what,
    each: all / deliveries,
    dollars: (all / deliveries) * price,
  });
  const gbSeconds = ((publishMs(published) / published + (ANSWER_MS + OWN_MS) / sent) / 1000) * (MEMORY_MB / 1024);
  return [
    line('DynamoDB: write units', writeUnits, PRICES.writeUnits),
    line('DynamoDB: read units', readUnits, PRICES.readUnits),
    line('SQS: requests of 64 KB', queueRequests, PRICES.queueRequests),
    line('Lambda: runs', (1 / published + 1 / sent) * deliveries, PRICES.runs),
    { what: 'Lambda: GB-seconds', each: gbSeconds, dollars: gbSeconds * PRICES.gbSecond * 1_000_000 },
  ];
}

export const dollarsOf = (counted: Counted): number =>
  linesOf(counted).reduce((total, { dollars }) => total + dollars, 0);

const cells = (...texts: readonly string[]) => `| ${texts.join(' | ')} |`;
const plainNumber = (value: number) => String(Number(value.toPrecision(3)));
const dollarText = (value: number) => `${value.toFixed(2)} $`;
const nameOf = ({ published, sent }: Counted) => `published by ${published}, sent by ${sent}`;

const unitsText = (counted: Counted, action: string) => {
  const { writeUnits, readUnits, queueRequests } = sum([counted.counts.get(action) ?? sum([])]);
  return plainNumber((writeUnits + readUnits + queueRequests) / counted.deliveries);
};

function callsTable(all: readonly Counted[]): string {
  const actions = [...new Set(all.flatMap(({ counts }) => [...counts.keys()]))].toSorted();
  return [
    cells('units for one delivery', ...all.map(nameOf)),
    cells('---', ...all.map(() => '---:')),
    ...actions.map((action) => cells(`\`${action}\``, ...all.map((counted) => unitsText(counted, action)))),
  ].join('\n');
}

function dollarsTable(all: readonly Counted[]): string {
  const lines = all.map(linesOf);
  const [first = []] = lines;
  return [
    cells('a million deliveries', ...all.map(nameOf)),
    cells('---', ...all.map(() => '---:')),
    ...first.map(({ what }, index) => cells(what, ...lines.map((each) => dollarText(each[index]?.dollars ?? 0)))),
    cells('**together**', ...all.map((counted) => `**${dollarText(dollarsOf(counted))}**`)),
  ].join('\n');
}

/** docs/webhooks/cost.md */
export const costPage = (all: readonly Counted[]): string => `# What a delivery costs

Made by \`npm run bench -- cost\`, which publishes events of 1 KB to one endpoint each and delivers them, with every attempt in the
log, against emulators, and counts each call of AWS in the units that AWS charges for. A test makes it anew and fails where it
differs. Do not edit.

${callsTable(all)}

\`PutItem\` is the event, \`BatchWriteItem\` the delivery with its attempt and what the endpoint answered: here nine headers and 400
bytes; each KB more is a unit more, up to 16. An attempt that is repeated writes three items in place of one: it is claimed, and
stands beside its delivery. An event for several endpoints is written once.

${dollarsTable(all)}

List prices of us-east-1, no free tier: ${PRICES.writeUnits} $ for a million write units and ${PRICES.readUnits} $ for a million read units of [DynamoDB on
demand](https://aws.amazon.com/dynamodb/pricing/on-demand/), ${PRICES.queueRequests.toFixed(2)} $ for a million requests of [SQS](https://aws.amazon.com/sqs/pricing/) (fair queues
included), ${PRICES.runs} $ for a million runs and ${PRICES.gbSecond} $ for a GB-second of [Lambda](https://aws.amazon.com/lambda/pricing/) on ARM with ${MEMORY_MB} MB. Endpoints are
taken to answer in ${ANSWER_MS} ms: Lambda is charged while it waits.

Not in it: API Gateway (3.50 $ for a million requests, each with up to 500 events), storage (0.25 $ for a GB and month), traffic to the
internet, and what each environment asks every few seconds (endpoints, routing, states), however much it has to do.
`;
