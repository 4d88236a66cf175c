import { accessDenied, evaluate } from './aws/iam';
import { invokePermissions } from './aws/permissions';
import type { FunctionSet } from './functions/function-set';
import { functionUrlOf, serveFunctionUrl } from './functions/function-url';
import { type Listener, listen } from './http/listen';
import type { Lifetime } from './lifetime/lifetime';
import { RestApi } from './rest-api/rest-api';
import { serveRestApi } from './rest-api/server';
import type { Facts } from './template/facts';
import { localName } from './template/resources';
import type { Denial, Resource } from './types';

export interface FrontOptions {
  readonly functions: FunctionSet;
  readonly log: (line: string) => void;
  readonly onDenied: (denial: Denial) => void;
}

const isApi = ({ type }: Resource) => type === 'AWS::ApiGateway::RestApi';
const isUrl = ({ type }: Resource) => type === 'AWS::Lambda::Url';

/** What CDK's grants for function URLs ask of a request. */
const URL_CONTEXT = { 'lambda:functionurlauthtype': ['AWS_IAM'], 'lambda:invokedviafunctionurl': ['true'] };

/** The addresses at which callers reach the functions: the REST API, and function URLs. */
export class Front {
  readonly #listeners = new Map<string, Listener>();

  constructor(readonly options: FrontOptions) {}

  /** Listens, so that every address is known before any function starts. Until `serve` it answers 503. */
  async listen(
    resources: readonly Resource[],
    facts: Facts,
    lifetime: Lifetime,
    address: { readonly host: string; readonly port: number },
  ): Promise<void> {
    const apis = resources.filter(isApi);
    if (apis.length > 1) throw new Error(`the templates hold ${apis.length} REST APIs; the local host serves one`);
    for (const { ref } of apis) {
      const listener = await lifetime.start(listen(address.port, address.host));
      this.#listeners.set(ref, listener);
      facts.restApiUrls.set(ref, listener.url);
    }
    for (const { stack, id } of resources.filter(isUrl)) {
      const listener = await lifetime.start(listen());
      this.#listeners.set(localName(stack, id), listener);
      facts.functionUrls.set(localName(stack, id), listener.url);
    }
  }

  /** Serves what the resources say; called again, it serves what they say now. */
  serve(resources: readonly Resource[]): void {
    const { functions, log } = this.options;
    const permits = invokePermissions(resources);
    for (const api of resources.filter(isApi)) {
      const find = (arn: string) => functions.find(arn);
      const restApi = new RestApi({ api, resources, functions: { find, permits } });
      this.#listeners.get(api.ref)?.handle(serveRestApi(restApi, log));
    }
    for (const resource of resources.filter(isUrl)) {
      const { functionArn, authType } = functionUrlOf(resource.properties);
      const fn = functions.find(functionArn);
      if (!fn) throw new Error(`${resource.stack}/${resource.id}: its function is not in the templates`);
      const listener = this.#listeners.get(localName(resource.stack, resource.id));
      listener?.handle(serveFunctionUrl({ authType, function: fn, permits, refusal: this.#refusal, log }));
    }
  }

  /** Why the holder of an access key may not do this, by its function's role; nothing when it may. */
  readonly #refusal = (accessKeyId: string, action: string, resource: string): string | undefined => {
    const caller = this.options.functions.callerOf(accessKeyId);
    const verdict = evaluate(caller?.statements ?? [], { action, resource, context: URL_CONTEXT });
    if (verdict === 'allowed') return undefined;
    const denial = { principal: caller?.principal ?? `the unknown access key ${accessKeyId}`, action, resource };
    this.options.onDenied(denial);
    return accessDenied(denial, verdict);
  };
}
