import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readAssembly } from './assembly';
import { dynamoDb } from './aws/dynamodb';
import { startEndpoint } from './aws/endpoint';
import { rolesOf } from './aws/iam';
import { secretsManager } from './aws/secrets-manager';
import { sqs } from './aws/sqs';
import { realClock } from './events/clock';
import { settleCustomResources } from './events/custom-resource';
import { startQueueSources } from './events/queue';
import { SecretRotations } from './events/rotation';
import { type Schedules, startSchedules } from './events/schedule';
import { noFacts } from './facts';
import { Front } from './front';
import { FunctionSet } from './function-set';
import { texts } from './json';
import { Lifetime } from './lifetime';
import type { Log } from './log';
import { freePort } from './net';
import { Phases } from './phases';
import { startReaper } from './reaper';
import { resourcesOf } from './resources';
import { startStores } from './stores';
import type { SecretStore } from './stores/secrets';
import { attachTargets } from './stores/secrets';
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
  /** What of the templates is not emulated, or not kept, one line each. */
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

async function start(options: HostOptions, lifetime: Lifetime): Promise<Host> {
  const { assemblyFolder, dataFolder, log } = options;
  const phases = new Phases();
  const onDenied = ({ principal, action, resource }: Denial) =>
    log.warn(`AccessDenied: ${principal} may not ${action} on ${resource}`);
  const report = (line: string) => log.warn(line);
  mkdirSync(dataFolder, { recursive: true });

  // 1. What there is to serve, and where it will be reached: addresses come before whoever needs to know them.
  let assembly = readAssembly(assemblyFolder);
  const facts = noFacts();
  let resources = resourcesOf(assembly, facts);
  const front = new Front();
  await front.listen(resources, facts, lifetime, options);
  const awsPort = await freePort();
  facts.awsEndpoint = `http://127.0.0.1:${awsPort}`;

  // 2. The stores. Their doors ask who is calling, which the functions below know.
  const reaper = lifetime.add(startReaper());
  let functions: FunctionSet | undefined;
  const callerOf = (accessKeyId: string) => functions?.callerOf(accessKeyId);
  const stores = await startStores({
    folder: dataFolder,
    resources,
    facts,
    lifetime,
    phases,
    redisUrl: options.redisUrl,
    guards: { callerOf, onDenied, now: Date.now },
    watch: (pid) => reaper.watch(pid, 'SIGINT'),
    onCrash: (error) => log.warn(error.message),
  });
  attachTargets(stores.secrets, resources);

  // 3. The functions, and the AWS that they see.
  const surroundings = {
    awsEndpoint: facts.awsEndpoint,
    caFile: stores.caFile,
    observer: {
      line: log.line,
      began: (pid: number) => reaper.watch(pid),
      ended: (pid: number) => reaper.forget(pid),
    },
  };
  functions = lifetime.add(new FunctionSet({ ...surroundings, assembly, resources }));
  const events = { resources, functions: functions.all, clock: realClock, onDenied, report };
  const rotations = lifetime.add(new SecretRotations({ ...events, secrets: stores.secrets }));
  lifetime.add(
    await startEndpoint({
      port: awsPort,
      callerOf,
      onDenied,
      services: {
        dynamodb: dynamoDb(stores.dynamoDb.port, stores.dynamoDb.partitionKeyOf),
        sqs: sqs(stores.sqs.port, stores.sqs.urlOf),
        secretsmanager: secretsManager(stores.secrets, rotations),
      },
    }),
  );
  await phases.time('functions', functions.init());

  // 4. What a deployment does once: rotations of new secrets, and custom resources in the order of the templates.
  const settle = async () => {
    const file = join(dataFolder, 'custom-resources.json');
    const answers = await settleCustomResources({ resources, functions: functions?.all ?? [], file });
    for (const [name, { physicalId, data }] of answers)
      facts.customResources.set(name.replace('/', '-'), { physicalId, attributes: texts(data) });
  };
  await Promise.all([phases.time('rotations', rotations.start()), phases.time('custom resources', settle())]);

  // 5. The door opens.
  lifetime.add(startQueueSources({ ...events, callerOf, endpoint: facts.awsEndpoint }));
  const schedules = lifetime.add(startSchedules({ ...events, roles: rolesOf(resources) }));
  front.serve(resources, { functions, log: report, onDenied });
  return {
    url: [...facts.restApiUrls.values()][0] ?? '',
    phases,
    resources,
    secrets: stores.secrets,
    schedules,
    notes: stores.notes,
    async reload() {
      assembly = readAssembly(assemblyFolder);
      resources = resourcesOf(assembly, facts);
      const swapped = functions?.load({ ...surroundings, assembly, resources }) ?? [];
      await settle();
      if (functions) front.serve(resources, { functions, log: report, onDenied });
      return swapped;
    },
    stop: () => lifetime.stop(),
  };
}
