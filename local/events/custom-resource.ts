import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { arn } from '../aws/arn';
import { readBody } from '../http/body';
import { listen } from '../http/listen';
import { isObject, object, parseJson, text, textMembers } from '../json';
import type { CustomResourceAnswer, Facts } from '../template/facts';
import { localName } from '../template/resources';
import type { LocalFunction, Resource, Running } from '../types';

export interface CustomResourceOptions {
  /** In template dependency order. */
  readonly resources: readonly Resource[];
  readonly functions: readonly LocalFunction[];
  /** Get to know what each became: what comes later may refer to it. */
  readonly facts: Pick<Facts, 'customResources'>;
  /** Where the last run's properties and answers are kept. */
  readonly file: string;
}

type Known = Readonly<Record<string, CustomResourceAnswer & { readonly properties: unknown }>>;

/** A function that returned without an answer may have sent it a moment before. */
const LATE_MILLISECONDS = 1_000;

const isCustomResource = ({ type }: Resource): boolean =>
  type === 'AWS::CloudFormation::CustomResource' || type.startsWith('Custom::');

const knownFrom = (value: unknown): Known[string] => {
  const { physicalId, attributes, properties } = object(value);
  return { physicalId: String(physicalId), attributes: textMembers(attributes), properties };
};

function read(file: string): Known {
  try {
    const entries = Object.entries(object(parseJson(readFileSync(file, 'utf8'))));
    return Object.fromEntries(entries.map(([name, value]) => [name, knownFrom(value)]));
  } catch (error) {
    if (isObject(error) && error.code === 'ENOENT') return {};
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
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, stringified(item)]));
  return typeof value === 'string' ? value : JSON.stringify(value);
}

type Answer = Readonly<Record<string, unknown>>;

/** Where functions PUT their answers, each at an address of its own. */
interface AnswerBox extends Running {
  /** A new address, and the answer that comes there. */
  expect(): { readonly url: string; readonly answer: Promise<Answer> };
}

const MAX_ANSWER_BYTES = 4096;

async function openAnswerBox(): Promise<AnswerBox> {
  const waiting = new Map<string, (answer: Answer) => void>();
  const listener = await listen();
  listener.handle(async (request, response) => {
    const body = await readBody(request, MAX_ANSWER_BYTES).catch(() => undefined);
    const resolve = request.method === 'PUT' && body ? waiting.get(request.url ?? '') : undefined;
    resolve?.(object(parseJson(String(body))));
    response.writeHead(resolve ? 200 : 403).end();
  });
  return {
    expect() {
      const path = `/${randomUUID()}`;
      return { url: listener.url + path, answer: new Promise((resolve) => waiting.set(path, resolve)) };
    },
    stop: listener.stop,
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
  functions: readonly LocalFunction[],
  box: AnswerBox,
): Promise<CustomResourceAnswer> {
  const fn = functions.find(({ arn: functionArn }) => functionArn === resource.properties.ServiceToken);
  if (!fn) throw new Error(`${resource.stack}/${resource.id}: its ServiceToken is no function of the templates.`);
  const { url, answer } = box.expect();
  const event = {
    RequestType: before ? 'Update' : 'Create',
    RequestId: randomUUID(),
    ResponseURL: url,
    StackId: arn('cloudformation', `stack/${resource.stack}/local`),
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
  return { physicalId: text(PhysicalResourceId) ?? resource.id, attributes: textMembers(Data) };
}

/**
 * Creates the custom resources that are new and updates those whose properties changed since the last run, one after
 * the other; the others keep what they are.
 * @throws Error with the function's Reason, after which nothing further is done
 */
export async function settleCustomResources(options: CustomResourceOptions): Promise<void> {
  const { resources, functions, facts, file } = options;
  const box = await openAnswerBox();
  let known = read(file);
  try {
    for (const resource of resources.filter(isCustomResource)) {
      const name = localName(resource.stack, resource.id);
      const [before, properties] = [known[name], stringified(resource.properties)];
      const isUnchanged = before && JSON.stringify(before.properties) === JSON.stringify(properties);
      const now = isUnchanged ? before : { ...(await settle(resource, before, functions, box)), properties };
      known = { ...known, [name]: now };
      facts.customResources.set(name, now);
      if (!isUnchanged) write(file, known);
    }
  } finally {
    await box.stop();
  }
}
