import { createHash, createHmac } from 'node:crypto';
import { rmSync } from 'node:fs';
import { SignatureV4 } from '@smithy/signature-v4';
import { awsEndpoint, type EndpointOptions } from '../../local/aws/endpoint';
import { type Listener, listen } from '../../local/http/listen';
import type { Watcher } from '../../local/lifetime/reaper';
import type { Caller, Credentials, Denial, LocalFunction, Resource, Statement } from '../../local/types';
import { temporaryFolder as newFolder } from '../support/temporary-folder';

/** For tests that end what they start. */
export const watcher: Watcher = { watch: () => undefined, forget: () => undefined };

/** A folder of a test, which `afterAll` deletes. */
export function temporaryFolder(): string {
  const folder = newFolder('gatehouse-test-');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function resource(
  type: string,
  id: string,
  properties: Record<string, unknown>,
  ref = id,
  attributes: Record<string, string> = {},
): Resource {
  return {
    stack: 'Test',
    id,
    type,
    properties,
    ref,
    attribute(name) {
      const value = attributes[name];
      if (value === undefined) throw new Error(`${id} has no ${name}`);
      return value;
    },
  };
}

export const credentials: Credentials = {
  accessKeyId: 'AKIATESTFUNCTION',
  secretAccessKey: 'secret-of-the-function',
  sessionToken: 'session-token/of+the=function',
};

export const allow = (
  Action: string | string[],
  Resource: string | string[],
  rest: Partial<Statement> = {},
): Statement => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...rest,
});

export const PRINCIPAL = 'arn:aws:sts::000000000000:assumed-role/FnRole/fn';

/** The one function's credentials, with the statements a test gives it, and what was denied to it. */
export function guardhouse(...statements: Statement[]) {
  const denials: Denial[] = [];
  const caller: Caller = { principal: PRINCIPAL, statements, secretAccessKey: credentials.secretAccessKey };
  return {
    denials,
    callerOf: (key: string) => (key === credentials.accessKeyId ? caller : undefined),
    onDenied: (denial: Denial) => void denials.push(denial),
    now: Date.now,
  };
}

/** The loopback AWS endpoint on a port of its own. */
export async function startEndpoint(options: EndpointOptions): Promise<Listener> {
  const listener = await listen();
  listener.handle(awsEndpoint(options));
  return listener;
}

/** A function that lives in the test itself, and takes the events that the test knows it will be sent. */
export function localFunction(id: string, run: (event: never) => unknown): LocalFunction {
  return {
    id,
    stack: 'Test',
    name: id,
    arn: `arn:aws:lambda:us-east-1:000000000000:function:${id}`,
    timeoutSeconds: 1,
    credentials,
    async invoke(event) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what arrives is what the test asserts on
      return run(event as never);
    },
  };
}

type Bytes = string | ArrayBuffer | ArrayBufferView;

const bytes = (data: Bytes) => {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
};

/** node:crypto in the shape that the SDK's signer asks for. */
class Sha256 {
  readonly #hash;
  constructor(secret?: Bytes) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytes(secret));
  }
  update(data: Bytes) {
    this.#hash.update(bytes(data));
  }
  digest() {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }
  reset() {
    throw new Error('a signer makes a new hash for every signature');
  }
}

/** An IAM authentication token as AWS's own signer makes it. */
export async function iamToken(
  service: string,
  host: { hostname: string; port?: number },
  query: Record<string, string>,
  { at = new Date(), by = credentials }: { at?: Date; by?: Credentials } = {},
): Promise<string> {
  const signer = new SignatureV4({ service, region: 'us-east-1', credentials: by, sha256: Sha256 });
  const address = host.port === undefined ? host.hostname : `${host.hostname}:${host.port}`;
  const request = { method: 'GET', protocol: 'https:', path: '/', headers: { host: address }, query, ...host };
  const signed = await signer.presign(request, { expiresIn: 900, signingDate: at });
  const parameters = Object.entries(signed.query ?? {}).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`,
  );
  return `${address}/?${parameters.join('&')}`;
}

/** Waits until a condition holds. Fails after `seconds`. */
export async function until(condition: () => boolean | Promise<boolean>, seconds = 5): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
