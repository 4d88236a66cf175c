import * as z from 'zod/mini';
import { fromJson } from '../../shared/json';
import { isUuid } from '../../shared/uuid';
import { TRIGGERS, Trigger } from './delivery';

/** What the queues carry: one attempt that is to be made. Short names, because SQS counts in pieces of 64 KB. */
const Wire = z.object({
  o: z.uuid(),
  e: z.string(),
  v: z.string(),
  n: z.int(),
  g: Trigger,
  t: z.string(),
  x: z.int(),
  b: z.optional(z.string()),
  s: z.optional(z.int()),
  a: z.optional(z.literal(1)),
  m: z.optional(z.literal(1)),
});

export interface AttemptMessage {
  readonly organisation: string;
  readonly endpoint: string;
  readonly event: string;
  /** The attempt's number, from 1: what the delivery has made already, and one. */
  readonly number: number;
  readonly trigger: Trigger;
  readonly type: string;
  /** When the log forgets the event. */
  readonly expiresAtSeconds: number;
  /** What to send, where it fits; else it is read from the event. */
  readonly body?: string | undefined;
  /** The slot of the endpoint's rate that was reserved for it, in milliseconds since 1970. */
  readonly slotMs?: number | undefined;
  /** There may be another message like this one: the event was published twice, or somebody died on the way. */
  readonly again?: boolean | undefined;
  /** It has been moved to the lane of slow endpoints already. */
  readonly isMoved?: boolean | undefined;
}

export const messageText = (message: AttemptMessage): string =>
  JSON.stringify({
    o: message.organisation,
    e: message.endpoint,
    v: message.event,
    n: message.number,
    g: message.trigger,
    t: message.type,
    x: message.expiresAtSeconds,
    b: message.body,
    s: message.slotMs,
    a: message.again ? 1 : undefined,
    m: message.isMoved ? 1 : undefined,
  } satisfies z.input<typeof Wire>);

type Wire = z.output<typeof Wire>;

const KNOWN_TRIGGERS: ReadonlySet<unknown> = new Set(TRIGGERS);

const isObject = (json: unknown): json is Readonly<Record<string, unknown>> =>
  typeof json === 'object' && json !== null;
const isText = (json: unknown): json is string => typeof json === 'string';
const isMark = (json: unknown) => json === undefined || json === 1;

/** What all messages of ours are. Whatever else there may be is for zod to judge, which takes ten times as long. */
const isPlain = (json: unknown): json is Wire =>
  isObject(json) &&
  isUuid(json.o) &&
  isText(json.e) &&
  isText(json.v) &&
  Number.isSafeInteger(json.n) &&
  KNOWN_TRIGGERS.has(json.g) &&
  isText(json.t) &&
  Number.isSafeInteger(json.x) &&
  (json.b === undefined || isText(json.b)) &&
  (json.s === undefined || Number.isSafeInteger(json.s)) &&
  isMark(json.a) &&
  isMark(json.m);

function parsed(text: string): Wire {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Zod says what is wrong, and does not quote it.
  }
  return isPlain(json) ? json : z.pipe(fromJson, Wire).parse(text);
}

/** Reads a message. Throws for one that is none of ours: it goes to the dead-letter queue, where somebody looks at it. */
export function messageOf(text: string): AttemptMessage {
  const wire = parsed(text);
  return {
    organisation: wire.o,
    endpoint: wire.e,
    event: wire.v,
    number: wire.n,
    trigger: wire.g,
    type: wire.t,
    expiresAtSeconds: wire.x,
    body: wire.b,
    slotMs: wire.s,
    again: wire.a === 1,
    isMoved: wire.m === 1,
  };
}
