import { REGION } from '../aws/arn';
import { awsCall } from '../aws/client';
import { AwsError } from '../aws/service';
import { flag, isObject, list, object } from '../json';
import type { Running } from '../types';
import { type Mapping, type MappingContext, mappingOf } from './queue-mapping';

export interface QueueSourceOptions extends MappingContext {
  /** The loopback AWS endpoint. */
  readonly endpoint: string;
  /** Says what went wrong: a queue has nobody who waits for an answer. */
  readonly report: (line: string) => void;
}

type Message = Readonly<Record<string, unknown>>;

const LONG_POLL_SECONDS = 20;
const RETRY_MILLISECONDS = 1_000;
/** The whole host has five seconds to end. */
const PATIENCE_MILLISECONDS = 3_000;

const attributeOf = (value: unknown) => {
  const { StringValue, BinaryValue, DataType } = object(value);
  return {
    ...(StringValue === undefined ? {} : { stringValue: StringValue }),
    ...(BinaryValue === undefined ? {} : { binaryValue: BinaryValue }),
    stringListValues: [],
    binaryListValues: [],
    dataType: DataType,
  };
};

const recordOf = (message: Message, queueArn: string) => ({
  messageId: message.MessageId,
  receiptHandle: message.ReceiptHandle,
  body: message.Body,
  attributes: message.Attributes,
  messageAttributes: Object.fromEntries(
    Object.entries(object(message.MessageAttributes)).map(([name, value]) => [name, attributeOf(value)]),
  ),
  md5OfBody: message.MD5OfBody,
  eventSource: 'aws:sqs',
  eventSourceARN: queueArn,
  awsRegion: REGION,
});

/**
 * The messages that a function's answer says are done. With partial failures, nothing named means that all are; an id
 * that is empty or not of the batch means that none is, since the function cannot be trusted to know its batch.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function succeeded(batch: readonly Message[], answer: unknown, isPartial: boolean): readonly Message[] {
  const failures = isPartial && isObject(answer) ? answer.batchItemFailures : undefined;
  if (failures === undefined || failures === null) return batch;
  if (!Array.isArray(failures)) return [];
  const ids = failures.map((failure) => object(failure).itemIdentifier);
  const known = new Set(batch.map((message) => message.MessageId));
  if (ids.some((id) => !known.has(id))) return [];
  return batch.filter((message) => !ids.includes(message.MessageId));
}

class Poller {
  readonly #stopping = new AbortController();
  readonly #done: Promise<unknown>;
  constructor(
    readonly mapping: Mapping,
    readonly options: QueueSourceOptions,
  ) {
    this.#done = Promise.all(Array.from({ length: mapping.concurrency }, () => this.#loop()));
  }

  /** Lets a batch that is being worked on end, but not for as long as a function may run. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MILLISECONDS);
    });
    await Promise.race([this.#done, patience]);
    clearTimeout(timer);
  }

  async #loop(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        const batch = await this.#gather();
        if (batch.length > 0) await this.#delete(await this.#process(batch));
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        // A refusal is on object already; the message comes back by itself.
        if (!(error instanceof AwsError)) this.options.report(`Queue of ${this.mapping.fn.name}: ${String(error)}`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
      }
    }
  }

  /** One batch: what is there, and with a batching window what comes until it closes. */
  async #gather(): Promise<readonly Message[]> {
    const { batchSize, windowMilliseconds } = this.mapping;
    const batch = [...(await this.#receive(batchSize, LONG_POLL_SECONDS))];
    const closes = Date.now() + windowMilliseconds;
    while (batch.length > 0 && batch.length < batchSize && Date.now() < closes) {
      const seconds = Math.ceil((closes - Date.now()) / 1000);
      batch.push(...(await this.#receive(batchSize - batch.length, Math.min(seconds, LONG_POLL_SECONDS))));
    }
    return batch;
  }

  async #receive(most: number, waitSeconds: number): Promise<readonly Message[]> {
    const wanted = {
      MaxNumberOfMessages: Math.min(10, most),
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    };
    const answer = await this.#sqs('ReceiveMessage', wanted, this.#stopping.signal);
    return list(answer.Messages).filter(isObject);
  }

  /** Invokes the function. A batch that fails stays in the queue until its visibility timeout ends. */
  async #process(batch: readonly Message[]): Promise<readonly Message[]> {
    const { fn, queueArn, isPartial } = this.mapping;
    try {
      const answer = await fn.invoke({ Records: batch.map((message) => recordOf(message, queueArn)) });
      return succeeded(batch, answer, isPartial);
    } catch (error) {
      this.options.report(`${fn.name} failed on ${batch.length} message(s): ${String(error)}`);
      return [];
    }
  }

  /** Goes on while stopping: what was done must not be done again. */
  async #delete(messages: readonly Message[]): Promise<void> {
    for (let from = 0; from < messages.length; from += 10) {
      const entries = messages
        .slice(from, from + 10)
        .map(({ ReceiptHandle }, index) => ({ Id: `${index}`, ReceiptHandle }));
      await this.#sqs('DeleteMessageBatch', { Entries: entries });
    }
  }

  /** Asks as the function's own role. */
  #sqs(action: string, body: object, signal?: AbortSignal) {
    const { fn, queueUrl } = this.mapping;
    const by = { credentials: fn.credentials, ...(signal ? { signal } : {}) };
    return awsCall(this.options.endpoint, 'sqs', action, { QueueUrl: queueUrl, ...body }, by);
  }
}

/**
 * Brings the messages of queues to their functions.
 * @throws Error for a mapping that AWS would refuse or that is not emulated, naming it
 */
export function startQueueSources(options: QueueSourceOptions): Running {
  const pollers = options.resources
    .filter(({ type }) => type === 'AWS::Lambda::EventSourceMapping')
    .map((mapping) => ({ mapping: mappingOf(mapping, options), enabled: mapping.properties.Enabled }))
    .filter(({ enabled }) => enabled === undefined || flag(enabled))
    .map(({ mapping }) => new Poller(mapping, options));
  return {
    async stop() {
      await Promise.all(pollers.map((poller) => poller.stop()));
    },
  };
}
