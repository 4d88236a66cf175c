import { assumedRole, rolesOf } from '../aws/iam';
import type { Assembly } from '../template/assembly';
import type { Caller, CallerOf, Resource, Running } from '../types';
import type { EnvironmentObserver } from './environment';
import { PooledFunction, randomCredentials } from './pooled-function';
import { type FunctionSettings, type FunctionSurroundings, settingsOf } from './settings';

/** What there is to serve: the assembly, and its resources as they look on this machine. */
export interface Served {
  readonly assembly: Assembly;
  readonly resources: readonly Resource[];
}

const isFunction = ({ type }: Resource) => type === 'AWS::Lambda::Function';

/** All functions of the templates, and whose credentials are whose. Empty until it is loaded. */
export class FunctionSet implements Running {
  readonly #functions = new Map<string, PooledFunction>();
  readonly #settings = new Map<string, string>();
  #callers = new Map<string, Caller>();

  constructor(readonly observer: EnvironmentObserver) {}

  get all(): readonly PooledFunction[] {
    return [...this.#functions.values()];
  }

  find(arn: string): PooledFunction | undefined {
    return this.#functions.get(arn);
  }

  readonly callerOf: CallerOf = (accessKeyId) => this.#callers.get(accessKeyId);

  /**
   * Takes functions, code, settings and roles from an assembly. What has changed is swapped: new invocations run the
   * new version. Gives the names of what was swapped or is new.
   */
  load({ assembly, resources }: Served, surroundings: FunctionSurroundings): readonly string[] {
    const roles = rolesOf(resources);
    const callers = new Map<string, Caller>();
    const changed = resources.filter(isFunction).filter((resource) => {
      const known = this.#functions.get(resource.attribute('Arn'));
      const credentials = known?.credentials ?? randomCredentials();
      const settings = settingsOf(resource, assembly, credentials, surroundings);
      callers.set(credentials.accessKeyId, {
        principal: assumedRole(String(resource.properties.Role), settings.name),
        statements: roles.get(String(resource.properties.Role))?.statements ?? [],
        secretAccessKey: credentials.secretAccessKey,
      });
      if (!known) this.#functions.set(settings.arn, new PooledFunction(resource, credentials, settings, this.observer));
      return this.#isNew(settings, known);
    });
    this.#callers = callers;
    return changed.map(({ ref }) => ref);
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

  /** Whether the settings (the code's folder among them) are others than before; a known function then swaps to them. */
  #isNew(settings: FunctionSettings, known: PooledFunction | undefined): boolean {
    const fingerprint = JSON.stringify(settings);
    if (this.#settings.get(settings.arn) === fingerprint) return false;
    this.#settings.set(settings.arn, fingerprint);
    known?.swap(settings);
    return true;
  }
}
