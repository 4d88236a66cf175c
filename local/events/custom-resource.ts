import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { openDoor } from '../net';
import { isRecord, json, record, text } from '../read';
import { ACCOUNT, type LocalFunction, REGION, type Resource, type Running } from '../types';

export interface CustomResourceOptions {
  /** In template dependency order. */
  readonly resources: readonly Resource[];
  readonly functions: readonly LocalFunction[];
  /** Where the last run's properties and answers are kept. */
  readonly file: string;
}

/** What a custom resource became: its Ref and what Fn::GetAtt reads. */
export interface CustomResult {
  readonly physicalId: string;
  readonly data: Readonly<Record<string, unknown>>;
}

type Known = Readonly<Record<string, CustomResult & { readonly properties: unknown }>>;

/** A function that returned without an answer may have sent it a moment before. */
const LATE_MILLISECONDS = 1_000;

export const isCustomResource = ({ type }: Resource): boolean =>
  type === 'AWS::CloudFormation::CustomResource' || type.startsWith('Custom::');

const knownFrom = (value: unknown): Known[string] => {
  const { physicalId, data, properties } = record(value);
  return { physicalId: String(physicalId), data: record(data), properties };
};

function read(file: string): Known {
  try {
    const entries = Object.entries(record(json(readFileSync(file, 'utf8'))));
    return Object.fromEntries(entries.map(([name, value]) => [name, knownFrom(value)]));
  } catch (error) {
    if (isRecord(error) && error['code'] === 'ENOENT') return {};
    throw error;
  }
}

function write(file: string, known: Known): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.draft`, JSON.stringify(known), { mode: 0o600 });
  renameSync(`${file}.draft`, file);
}

/** CloudFormation hands over every scalar as a string. */
function stringified(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stringified);
  if (isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, stringified(item)]));
  return typeof value === 'string' ? value : JSON.stringify(value);
}

type Answer = Readonly<Record<string, unknown>>;

/** Where functions PUT their answers, each at an address of its own. */
interface AnswerBox extends Running {
  /** A new address, and the answer that comes there. */
  expect(): { readonly url: string; readonly answer: Promise<Answer> };
}

async function openAnswerBox(): Promise<AnswerBox> {
  const waiting = new Map<string, (answer: Answer) => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const resolve = request.method === 'PUT' ? waiting.get(request.url ?? '') : undefined;
      resolve?.(record(json(Buffer.concat(chunks).toString())));
      response.writeHead(resolve ? 200 : 403).end();
    });
  });
  const door = await openDoor(server);
  return {
    expect() {
      const path = `/${randomUUID()}`;
      return {
        url: `http://127.0.0.1:${door.port}${path}`,
        answer: new Promise((resolve) => waiting.set(path, resolve)),
      };
    },
    stop: () => door.stop(),
  };
}

/** Invokes the function, and waits for its answer as long as the function runs. */
async function ask(fn: LocalFunction, event: object, answer: Promise<Answer>): Promise<Answer> {
  const ended = fn.invoke(event).then(
    () => new Promise<undefined>((resolve) => setTimeout(resolve, LATE_MILLISECONDS, undefined)),
    (error: unknown) => ({ Status: 'FAILED', Reason: String(error) }),
  );
  return (await Promise.race([answer, ended])) ?? { Status: 'FAILED', Reason: 'The function ended without an answer.' };
}

async function settle(
  resource: Resource,
  before: Known[string] | undefined,
  fn: LocalFunction,
  box: AnswerBox,
): Promise<CustomResult> {
  const { url, answer } = box.expect();
  const event = {
    RequestType: before ? 'Update' : 'Create',
    RequestId: randomUUID(),
    ResponseURL: url,
    StackId: `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/${resource.stack}/local`,
    ResourceType: resource.type,
    LogicalResourceId: resource.id,
    ServiceToken: fn.arn,
    ResourceProperties: stringified(resource.properties),
    ...(before ? { PhysicalResourceId: before.physicalId, OldResourceProperties: before.properties } : {}),
  };
  const { Status, Reason, PhysicalResourceId, Data } = await ask(fn, event, answer);
  if (Status !== 'SUCCESS') {
    throw new Error(`${resource.stack}/${resource.id} failed: ${text(Reason) ?? 'no reason given'}`);
  }
  return { physicalId: text(PhysicalResourceId) ?? resource.id, data: record(Data) };
}

/**
 * Creates the custom resources that are new and updates those whose properties changed since the last run, one after
 * the other; the others keep what they are.
 * @returns what each became, by `stack/id`
 * @throws Error with the function's Reason, after which nothing further is done
 */
export async function settleCustomResources(
  options: CustomResourceOptions,
): Promise<ReadonlyMap<string, CustomResult>> {
  const box = await openAnswerBox();
  let known = read(options.file);
  try {
    for (const resource of options.resources.filter(isCustomResource)) {
      const name = `${resource.stack}/${resource.id}`;
      const [before, properties] = [known[name], stringified(resource.properties)];
      if (before && JSON.stringify(before.properties) === JSON.stringify(properties)) continue;
      const fn = options.functions.find(({ arn }) => arn === resource.properties['ServiceToken']);
      if (!fn) throw new Error(`${name}: its ServiceToken is no function of the templates.`);
      known = { ...known, [name]: { ...(await settle(resource, before, fn, box)), properties } };
      write(options.file, known);
    }
  } finally {
    await box.stop();
  }
  return new Map(Object.entries(known));
}
