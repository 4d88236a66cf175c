import type { Assembly } from './assembly';
import { assumedRole, rolesOf } from './aws/iam';
import type { EnvironmentObserver } from './functions/environment';
import { PooledFunction, randomCredentials } from './functions/pooled-function';
import { type FunctionSettings, type FunctionSurroundings, settingsOf } from './functions/settings';
import type { Caller, CallerOf, Resource, Running } from './types';

/** What the functions of an assembly need of the host. */
export interface FunctionSetOptions extends FunctionSurroundings {
  readonly assembly: Assembly;
  readonly resources: readonly Resource[];
  readonly observer: EnvironmentObserver;
}

const isFunction = ({ type }: Resource) => type === 'AWS::Lambda::Function';

/** All functions of the templates, and whose credentials are whose. */
export class FunctionSet implements Running {
  readonly #functions = new Map<string, PooledFunction>();
  readonly #settings = new Map<string, string>();
  #callers = new Map<string, Caller>();

  constructor(options: FunctionSetOptions) {
    this.load(options);
  }

  get all(): readonly PooledFunction[] {
    return [...this.#functions.values()];
  }

  find(arn: string): PooledFunction | undefined {
    return this.#functions.get(arn);
  }

  readonly callerOf: CallerOf = (accessKeyId) => this.#callers.get(accessKeyId);

  /**
   * Takes functions, code, settings and roles from an assembly. What has changed is swapped: new invocations run the
   * new version. Gives the names of what was swapped.
   */
  load({ assembly, resources, observer, ...surroundings }: FunctionSetOptions): readonly string[] {
    const roles = rolesOf(resources);
    const callers = new Map<string, Caller>();
    const swapped = resources.filter(isFunction).flatMap((resource) => {
      const known = this.#functions.get(resource.attribute('Arn'));
      const credentials = known?.credentials ?? randomCredentials();
      const settings = settingsOf(resource, assembly, credentials, surroundings);
      const role = roles.get(String(resource.properties.Role));
      callers.set(credentials.accessKeyId, {
        principal: assumedRole(role?.arn ?? '', settings.name),
        statements: role?.statements ?? [],
        secretAccessKey: credentials.secretAccessKey,
      });
      return this.#place(known, settings, () => new PooledFunction(resource, credentials, settings, observer));
    });
    this.#callers = callers;
    return swapped;
  }

  /** Starts an environment of each. Rejects with what a handler's module threw, such as a variable it misses. */
  async init(): Promise<void> {
    await Promise.all(
      this.all.map((fn) =>
        fn.init().catch((error: unknown) => {
          const reason = error instanceof Error ? error.message : String(error);
          throw new Error(`function ${fn.stack}/${fn.id} does not start: ${reason}`, { cause: error });
        }),
      ),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((fn) => fn.stop()));
  }

  #place(known: PooledFunction | undefined, settings: FunctionSettings, make: () => PooledFunction): readonly string[] {
    const fingerprint = JSON.stringify(settings);
    const before = this.#settings.get(settings.arn);
    this.#settings.set(settings.arn, fingerprint);
    if (!known) this.#functions.set(settings.arn, make());
    else if (before !== fingerprint) known.swap(settings);
    return before === fingerprint ? [] : [settings.name];
  }
}
