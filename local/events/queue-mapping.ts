import { evaluate } from '../aws/iam';
import { number, object, text, texts } from '../json';
import type { CallerOf, LocalFunction, Resource } from '../types';

export interface MappingContext {
  readonly resources: readonly Resource[];
  readonly functions: readonly LocalFunction[];
  readonly callerOf: CallerOf;
}

/** An event source mapping, its defaults filled in. */
export interface Mapping {
  readonly fn: LocalFunction;
  readonly queueArn: string;
  readonly queueUrl: string;
  readonly batchSize: number;
  readonly windowMilliseconds: number;
  readonly concurrency: number;
  /** Whether the function names the messages that failed. */
  readonly isPartial: boolean;
}

/** Lambda begins with five pollers; a laptop needs no more. */
const POLLERS = 5;

/** What Lambda requires of the function's role when a mapping is made. */
const ACTIONS = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

/** What AWS refuses when the mapping is made, or what is not done here. */
function complain(mapping: Resource, fn: LocalFunction, queue: Resource, callerOf: CallerOf): string | undefined {
  const { properties } = mapping;
  if (properties.FilterCriteria !== undefined) return 'FilterCriteria is not emulated by the local host';
  const [resource, caller] = [String(properties.EventSourceArn), callerOf(fn.credentials.accessKeyId)];
  const missing = ACTIONS.find((action) => evaluate(caller?.statements ?? [], { action, resource }) !== 'allowed');
  if (missing) return `the role of ${fn.name} may not ${missing} on ${resource}`;
  const visibilitySeconds = number(queue.properties.VisibilityTimeout) ?? 30;
  if (visibilitySeconds < fn.timeoutSeconds) {
    return `the queue's visibility timeout (${visibilitySeconds} s) is less than the function's timeout (${fn.timeoutSeconds} s)`;
  }
  return undefined;
}

/** Reads a mapping. Throws for one that AWS would refuse or that is not emulated, naming it. */
export function mappingOf(mapping: Resource, { resources, functions, callerOf }: MappingContext): Mapping {
  const { properties, stack, id } = mapping;
  const [fnName, queueArn] = [text(properties.FunctionName), text(properties.EventSourceArn) ?? ''];
  const fn = functions.find(({ name, arn }) => name === fnName || arn === fnName);
  const queue = resources.find((each) => each.type === 'AWS::SQS::Queue' && each.attribute('Arn') === queueArn);
  if (!fn || !queue) throw new Error(`${stack}/${id}: only functions and SQS queues of the templates are emulated.`);
  const complaint = complain(mapping, fn, queue, callerOf);
  if (complaint) throw new Error(`${stack}/${id}: ${complaint}.`);
  return {
    fn,
    queueArn,
    queueUrl: queue.ref,
    batchSize: number(properties.BatchSize) ?? 10,
    windowMilliseconds: (number(properties.MaximumBatchingWindowInSeconds) ?? 0) * 1000,
    concurrency: Math.min(number(object(properties.ScalingConfig).MaximumConcurrency) ?? POLLERS, POLLERS),
    isPartial: texts(properties.FunctionResponseTypes).includes('ReportBatchItemFailures'),
  };
}
