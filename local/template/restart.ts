import type { Resource } from '../types';
import { localName } from './resources';

/** What is started once and cannot be swapped: stores, addresses, and what brings events. */
const STARTED_ONCE =
  /^AWS::(DynamoDB::|SQS::Queue$|SecretsManager::|RDS::DB(Cluster|Proxy)$|ElastiCache::ServerlessCache$|Lambda::(Url|EventSourceMapping)$|Events::Rule$|Scheduler::Schedule$|ApiGateway::RestApi$)/;

const startedOnce = (resources: readonly Resource[]): ReadonlyMap<string, Resource> =>
  new Map(
    resources.filter(({ type }) => STARTED_ONCE.test(type)).map((each) => [localName(each.stack, each.id), each]),
  );

type Named = ReadonlyMap<string, Resource>;

const lines = (these: Named, others: Named, what: string) =>
  [...these]
    .filter(([name]) => !others.has(name))
    .map(([name, { type }]) => `${type} ${name} ${what}: start again to follow`);

/** One line for each resource that came or went since the start and that a running host cannot follow. */
export function needsRestart(before: readonly Resource[], after: readonly Resource[]): readonly string[] {
  const [old, now] = [startedOnce(before), startedOnce(after)];
  return [...lines(now, old, 'is new'), ...lines(old, now, 'is gone')];
}
