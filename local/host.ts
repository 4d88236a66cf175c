import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readAssembly } from './assembly';
import { dynamoDb } from './aws/dynamodb';
import { startEndpoint } from './aws/endpoint';
import { rolesOf } from './aws/iam';
import { secretsManager } from './aws/secrets-manager';
import { sqs } from './aws/sqs';
import { claimFolder } from './claim';
import { realClock } from './events/clock';
import { settleCustomResources } from './events/custom-resource';
import { startQueueSources } from './events/queue';
import { SecretRotations } from './events/rotation';
import { type Schedules, startSchedules } from './events/schedule';
import { type Facts, noFacts } from './facts';
import { Front } from './front';
import { FunctionSet, type Served } from './function-set';
import { texts } from './json';
import { Lifetime } from './lifetime';
import type { Log } from './log';
import { freePort } from './net';
import { Phases } from './phases';
import { startReaper } from './reaper';
import { localName, resourcesOf } from './resources';
import { needsRestart } from './restart';
import { startStores } from './stores';
import { attachTargets, type SecretStore } from './stores/secrets';
import type { Denial, Resource, Running } from './types';

export interface HostOptions {
  /** What `cdk synth` wrote. */
  readonly assemblyFolder: string;
  /** Where data stays between runs. */
  readonly dataFolder: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly redisUrl: string | undefined;
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

/** Forgets all data of earlier runs. */
export const forget = (dataFolder: string): void => rmSync(dataFolder, { recursive: true, force: true });

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

/** The order in which everything comes to be. */
async function start(options: HostOptions, lifetime: Lifetime): Promise<Host> {
  const { dataFolder, log, redisUrl } = options;
  const phases = new Phases();
  mkdirSync(dataFolder, { recursive: true });
  lifetime.add(claimFolder(dataFolder));
  const reaper = lifetime.add(startReaper());
  const functions = lifetime.add(
    new FunctionSet({
      line: log.line,
      began: (pid) => reaper.watch(pid),
      ended: (pid) => reaper.forget(pid),
    }),
  );
  const { callerOf } = functions;
  const onDenied = ({ principal, action, resource }: Denial) =>
    log.warn(`AccessDenied: ${principal} may not ${action} on ${resource}`);

  // Addresses first: whoever starts later is told of them.
  const facts = noFacts();
  let served = read(options, facts);
  const front = new Front();
  await front.listen(served.resources, facts, lifetime, options);
  const awsPort = await freePort();
  const awsEndpoint = `http://127.0.0.1:${awsPort}`;
  facts.awsEndpoint = awsEndpoint;

  // The stores. Their doors ask who is calling; the functions loaded next are who may.
  const stores = await startStores({
    folder: dataFolder,
    resources: served.resources,
    facts,
    lifetime,
    phases,
    redisUrl,
    guards: { callerOf, onDenied, now: Date.now },
    watch: (pid) => reaper.watch(pid, 'SIGINT'),
    onCrash: (error) => log.warn(error.message),
  });
  attachTargets(stores.secrets, served.resources);

  // The functions, and the AWS that they see.
  const surroundings = { awsEndpoint, caFile: stores.caFile };
  functions.load(served, surroundings);
  const events = {
    resources: served.resources,
    functions: functions.all,
    clock: realClock,
    onDenied,
    report: log.warn,
  };
  const rotations = lifetime.add(new SecretRotations({ ...events, secrets: stores.secrets }));
  const services = {
    dynamodb: dynamoDb(stores.dynamoDb.port, stores.dynamoDb.partitionKeyOf),
    sqs: sqs(stores.sqs.port, stores.sqs.urlOf),
    secretsmanager: secretsManager(stores.secrets, rotations),
  };
  lifetime.add(await startEndpoint({ port: awsPort, callerOf, onDenied, services }));
  await phases.time('functions', functions.init());

  // What a deployment does once: rotations of new secrets, and custom resources.
  const settle = () => settleInto(facts, served.resources, functions, join(dataFolder, 'custom-resources.json'));
  await Promise.all([phases.time('rotations', rotations.start()), phases.time('custom resources', settle())]);

  // The doors open.
  const serve = () => front.serve(served.resources, { functions, log: log.warn, onDenied });
  serve();
  lifetime.add(startQueueSources({ ...events, callerOf, endpoint: awsEndpoint }));
  const schedules = lifetime.add(startSchedules({ ...events, roles: rolesOf(served.resources) }));
  return {
    url: [...facts.restApiUrls.values()][0] ?? '',
    phases,
    resources: served.resources,
    secrets: stores.secrets,
    schedules,
    notes: stores.notes,
    async reload() {
      const before = served.resources;
      served = read(options, facts);
      for (const line of needsRestart(before, served.resources)) log.warn(line);
      const swapped = functions.load(served, surroundings);
      await settle();
      serve();
      return swapped;
    },
    stop: () => lifetime.stop(),
  };
}

function read({ assemblyFolder }: HostOptions, facts: Facts): Served {
  const assembly = readAssembly(assemblyFolder);
  return { assembly, resources: resourcesOf(assembly, facts) };
}

/** Runs the custom resources that are new or changed, and makes what they answered known to the templates. */
async function settleInto(facts: Facts, resources: readonly Resource[], functions: FunctionSet, file: string) {
  const answers = await settleCustomResources({ resources, functions: functions.all, file });
  for (const { stack, id } of resources) {
    const answer = answers.get(`${stack}/${id}`);
    if (!answer) continue;
    facts.customResources.set(localName(stack, id), {
      physicalId: answer.physicalId,
      attributes: texts(answer.data),
    });
  }
}
