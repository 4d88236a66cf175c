/**
 * The local host serves the stacks that `cdk synth` wrote, with processes of this machine in place of AWS.
 *
 *   template/   reads cdk.out: the resources, and what their intrinsics stand for on this machine
 *   stores/     what keeps data: PostgreSQL, Redis, DynamoDB, SQS, secrets
 *   doors/      TLS and IAM in front of PostgreSQL and Redis, as RDS Proxy and ElastiCache have them
 *   aws/        the one AWS endpoint that functions see: IAM decides, then a service answers
 *   functions/  a pool of processes for each Lambda function; function URLs
 *   rest-api/   API Gateway, from the API's OpenAPI document
 *   events/     what invokes functions by itself: schedules, queues, rotations, custom resources
 *   lifetime/   whatever was started ends: in good order, or by the reaper after kill -9
 *   http/       listening and reading, for all that speak HTTP
 *
 * `start` is the table of contents: the order in which all of this comes to be.
 */
import { join } from 'node:path';
import { awsEndpoint } from './aws/endpoint';
import { rolesOf } from './aws/iam';
import { servicesOf } from './aws/services';
import { fasterClock } from './events/clock';
import { settleCustomResources } from './events/custom-resource';
import { startQueueSources } from './events/queue';
import { SecretRotations } from './events/rotation';
import { type Schedules, startSchedules } from './events/schedule';
import { Front } from './front';
import { FunctionSet, type Served } from './functions/function-set';
import { listen } from './http/listen';
import { claimFolder } from './lifetime/claim';
import { Lifetime } from './lifetime/lifetime';
import { Phases } from './lifetime/phases';
import { startReaper } from './lifetime/reaper';
import type { Log } from './log';
import type { SecretStore } from './stores/secrets';
import { startStores } from './stores/stores';
import { readAssembly } from './template/assembly';
import { type Facts, noFacts } from './template/facts';
import { resourcesOf } from './template/resources';
import { needsRestart } from './template/restart';
import type { Denial, Resource, Running } from './types';

export interface HostOptions {
  /** What `cdk synth` wrote. */
  readonly assemblyFolder: string;
  /** Where data stays between runs. */
  readonly dataFolder: string;
  /** Forgets the data of earlier runs. */
  readonly isFresh: boolean;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly redisUrl: string | undefined;
  /**
   * How many times faster than the machine's the clock goes that schedules, queues (delays, visibility timeouts) and functions
   * see, so that hours of waiting are tried out in minutes. Processes are as fast as ever, and so are their time limits;
   * PostgreSQL and Redis keep the machine's time. @default 1
   */
  readonly clockRate?: number;
  readonly log: Log;
}

export interface Host extends Running {
  /** Where the REST API is reached, without a slash at the end. */
  readonly url: string;
  readonly phases: Phases;
  readonly resources: readonly Resource[];
  readonly secrets: SecretStore;
  readonly schedules: Schedules;
  /** What of the templates is not kept or not whole here, one line each. */
  readonly notes: readonly string[];
  /** Serves the assembly as it is now, without ending anything. Gives the names of the functions that were swapped. */
  reload(): Promise<readonly string[]>;
}

/**
 * Serves the stacks of an assembly on this machine. Rejects, with everything ended again, when something that the
 * templates need cannot be had here.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const lifetime = new Lifetime();
  try {
    return await start(options, lifetime);
  } catch (error) {
    await lifetime.stop();
    throw error;
  }
}

async function start(options: HostOptions, lifetime: Lifetime): Promise<Host> {
  const { dataFolder, redisUrl, log, clockRate: rate = 1 } = options;
  const pace = { rate, sinceMs: Date.now() };
  const clock = fasterClock(pace);
  const onDenied = ({ principal, action, resource }: Denial) =>
    log.warn(`AccessDenied: ${principal} may not ${action} on ${resource}`);
  const phases = new Phases();
  lifetime.add(claimFolder(dataFolder, options.isFresh));
  const watcher = lifetime.add(startReaper());
  const functions = lifetime.add(new FunctionSet({ ...watcher, line: log.line }));
  const { callerOf } = functions;

  // Addresses first: whoever starts later is told of them.
  const facts = noFacts();
  const aws = await lifetime.start(listen());
  facts.awsEndpoint = aws.url;
  let served = read(options, facts);
  const { resources } = served;
  const front = new Front({ functions, log: log.warn, onDenied });
  await front.listen(resources, facts, lifetime, options);

  // The stores. Their doors ask who is calling; the functions loaded next are who may.
  const guards = { callerOf, onDenied, now: clock.now };
  const onCrash = (error: Error) => log.warn(error.message);
  const watched = { lifetime, phases, watcher, onCrash };
  const started = { folder: dataFolder, resources, facts, redisUrl, guards, pace, ...watched };
  const stores = await startStores(started);

  // The functions, and the AWS that they see.
  const surroundings = { awsEndpoint: aws.url, caFile: stores.caFile, pace };
  functions.load(served, surroundings);
  const events = { resources, functions: functions.all, clock, onDenied, report: log.warn };
  const rotations = lifetime.add(new SecretRotations({ ...events, secrets: stores.secrets }));
  aws.handle(awsEndpoint({ callerOf, onDenied, services: servicesOf(stores, rotations) }));
  await phases.time('functions', functions.init());

  // What a deployment does once: rotations of new secrets, and custom resources.
  const file = join(dataFolder, 'custom-resources.json');
  const settle = () => settleCustomResources({ ...served, functions: functions.all, facts, file });
  await Promise.all([phases.time('rotations', rotations.start()), phases.time('custom resources', settle())]);

  // The doors open.
  front.serve(resources);
  lifetime.add(startQueueSources({ ...events, callerOf, endpoint: aws.url }));
  const schedules = lifetime.add(startSchedules({ ...events, roles: rolesOf(resources) }));
  return {
    url: [...facts.restApiUrls.values()][0] ?? '',
    phases,
    resources,
    secrets: stores.secrets,
    schedules,
    notes: stores.notes,
    async reload() {
      const before = served.resources;
      served = read(options, facts);
      for (const line of needsRestart(before, served.resources)) log.warn(line);
      const swapped = functions.load(served, surroundings);
      await settle();
      front.serve(served.resources);
      return swapped;
    },
    stop: () => lifetime.stop(),
  };
}

function read({ assemblyFolder }: HostOptions, facts: Facts): Served {
  const assembly = readAssembly(assemblyFolder);
  return { assembly, resources: resourcesOf(assembly, facts) };
}
