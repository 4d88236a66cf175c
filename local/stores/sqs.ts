import { join } from 'node:path';
import { awsCall } from '../aws/client';
import type { Pace } from '../events/clock';
import type { Resource, Running } from '../types';
import { startEmulator } from './emulator';

export interface SqsStore extends Running {
  readonly port: number;
  /** The URL by which callers know a queue: what its `Ref` gave. */
  readonly urlOf: (name: string) => string;
  readonly notes: readonly string[];
}

/** What of AWS::SQS::Queue the emulator takes; encryption has no meaning here. */
const ATTRIBUTES = [
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'DelaySeconds',
  'FifoQueue',
  'FifoThroughputLimit',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'RedriveAllowPolicy',
  'RedrivePolicy',
  'VisibilityTimeout',
];

/** Attributes travel as strings: objects as JSON, numbers and booleans as they read. */
const attributesOf = ({ properties }: Resource) =>
  Object.fromEntries(
    ATTRIBUTES.map((name) => [name, properties[name]] as const)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );

export const isQueue = ({ type }: Resource): boolean => type === 'AWS::SQS::Queue';

const nameOf = (queue: Resource) => queue.ref.split('/').at(-1) ?? '';

/** Starts fauxqs, at this pace, with the templates' queues; those that redrive come after their dead-letter queues. */
export async function startSqs(
  resources: readonly Resource[],
  onCrash: (error: Error) => void,
  pace: Pace = { rate: 1, sinceMs: 0 },
): Promise<SqsStore> {
  const queues = resources.filter(isQueue);
  const emulator = await startEmulator(join(__dirname, 'sqs.worker.mjs'), pace, onCrash);
  const create = (queue: Resource) =>
    awsCall(`http://127.0.0.1:${emulator.port}`, 'sqs', 'CreateQueue', {
      QueueName: nameOf(queue),
      Attributes: attributesOf(queue),
    });
  await Promise.all(queues.filter(({ properties }) => !properties.RedrivePolicy).map(create));
  await Promise.all(queues.filter(({ properties }) => properties.RedrivePolicy).map(create));
  const urls = new Map(queues.map((queue) => [nameOf(queue), queue.ref]));
  return {
    ...emulator,
    urlOf: (name) => urls.get(name) ?? `http://127.0.0.1:${emulator.port}/unknown/${name}`,
    notes: ['SQS: messages are gone when the host ends (fauxqs keeps them in memory)'],
  };
}
