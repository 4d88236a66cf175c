import { ACCOUNT, arn, REGION } from '../aws/arn';
import { isObject, type JsonObject, list, object, text } from '../json';
import type { Resource } from '../types';
import type { Assembly, Stack } from './assembly';
import { type Facts, withLocalUrls } from './facts';
import { inDependencyOrder } from './order';
import { resolve, type Scope, Unresolved } from './resolve';
import { lookUp } from './resource-types';

/** The ids that a part of a template refers to, wherever in it. */
const referencesIn = (value: unknown): readonly string[] => {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    if (name === 'Ref') return [String(member)];
    if (name === 'Fn::GetAtt') return [String(typeof member === 'string' ? member.split('.')[0] : list(member)[0])];
    return referencesIn(member);
  });
};

const pseudoParameters = (stack: string): JsonObject => ({
  'AWS::AccountId': ACCOUNT,
  'AWS::NoValue': undefined,
  'AWS::NotificationARNs': [],
  'AWS::Partition': 'aws',
  'AWS::Region': REGION,
  'AWS::StackId': arn('cloudformation', `stack/${stack}/local`),
  'AWS::StackName': stack,
  'AWS::URLSuffix': 'amazonaws.com',
});

const parameterDefaults = (template: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(object(template.Parameters)).flatMap(([name, parameter]) => {
      const { Default: value, Type: type } = object(parameter);
      if (value === undefined) return [];
      return [[name, type === 'CommaDelimitedList' ? (text(value) ?? '').split(',') : value]];
    }),
  );

/** Member by member on reading, so that one that is not known here stops only who reads it. */
const lazily = (source: JsonObject, read: (name: string) => unknown): JsonObject =>
  Object.defineProperties(
    {},
    Object.fromEntries(Object.keys(source).map((name) => [name, { enumerable: true, get: () => read(name) }])),
  );

const DYNAMIC_REFERENCE = /\{\{resolve:([^}]+)\}\}/g;

const finish = (value: string, facts: Facts): string => {
  const local = withLocalUrls(value, facts);
  return local.includes('{{resolve:')
    ? local.replace(DYNAMIC_REFERENCE, (whole, reference: string) => {
        const found = facts.dynamicReference?.(reference);
        if (found === undefined) throw new Unresolved(whole);
        return found;
      })
    : local;
};

/** Names that stacks export, each with how to get its value. */
type Exports = Map<string, () => unknown>;

const view = (scope: Scope, resource: Omit<Resource, 'ref' | 'attribute'>): Resource => ({
  ...resource,
  get ref() {
    return String(scope.ref(resource.id));
  },
  attribute: (name) => String(scope.attribute(resource.id, name)),
});

/** One stack: its resources, and what its intrinsics refer to. */
class StackReader implements Scope {
  readonly #resources: JsonObject;
  readonly #values: JsonObject;

  constructor(
    readonly stack: Stack,
    readonly facts: Facts,
    readonly exports: Exports,
  ) {
    this.#resources = object(stack.template.Resources);
    this.#values = { ...parameterDefaults(stack.template), ...pseudoParameters(stack.name) };
    for (const output of Object.values(object(stack.template.Outputs))) {
      const { Export: exported, Value: value } = object(output);
      if (isObject(exported)) exports.set(String(resolve(exported.Name, this)), () => resolve(value, this));
    }
  }

  ref(id: string): unknown {
    return id in this.#values ? this.#values[id] : this.#look(id, 'Ref', `Ref ${id}`);
  }

  attribute(id: string, name: string): string {
    return this.#look(id, name, `Fn::GetAtt ${id}.${name}`);
  }

  mapping(path: readonly string[]): unknown {
    const found = path.reduce<unknown>((level, key) => object(level)[key], this.stack.template.Mappings);
    if (found === undefined) throw new Unresolved(`Fn::FindInMap ${path.join('.')}`);
    return found;
  }

  condition(name: string): boolean {
    const condition = object(this.stack.template.Conditions)[name];
    if (condition === undefined) throw new Unresolved(`Condition ${name}`);
    return resolve(condition, this) === true;
  }

  imported(exportName: string): unknown {
    const value = this.exports.get(exportName);
    if (value === undefined) throw new Unresolved(`Fn::ImportValue ${exportName}`);
    return value();
  }

  finish(value: string): string {
    return finish(value, this.facts);
  }

  /** The resources that this run has, each after those it refers to. */
  resources(): readonly Resource[] {
    const ids = inDependencyOrder(Object.keys(this.#resources), (id) => {
      const { DependsOn: dependsOn, Properties: properties } = this.#raw(id);
      return [...list(dependsOn).map(String), ...referencesIn(properties)];
    });
    return ids.filter((id) => this.#exists(id)).map((id) => this.#resource(id));
  }

  #raw(id: string): JsonObject {
    return object(this.#resources[id]);
  }

  #exists(id: string): boolean {
    const condition = text(this.#raw(id).Condition);
    return condition === undefined || this.condition(condition);
  }

  #resource(id: string): Resource {
    const { Type: type, Properties: properties } = this.#raw(id);
    return view(this, {
      stack: this.stack.name,
      id,
      type: text(type) ?? '',
      properties: lazily(object(properties), (name) => this.#property(id, name)),
    });
  }

  /** A property on its own: it may have a value here where its neighbour has none. */
  #property(id: string, name: string): unknown {
    const whole = object(resolve({ [name]: object(this.#raw(id).Properties)[name] }, this));
    return whole[name];
  }

  #look(id: string, attribute: string, reference: string): string {
    const type = text(this.#raw(id).Type);
    if (type === undefined) throw new Unresolved(`${reference} (no such resource)`);
    const value = lookUp(type, attribute, {
      name: localName(this.stack.name, id),
      facts: this.facts,
      property: (name) => this.#property(id, name),
    });
    if (value === undefined) throw new Unresolved(`${reference} (${type})`);
    return value;
  }
}

/** What keys a resource's data and facts: the same in every run. */
export const localName = (stack: string, id: string): string => `${stack}-${id}`;

/**
 * Every resource of the assembly, each after those it refers to. Properties are resolved when they are read, with the
 * facts known by then; reading one that has no value here throws {@link Unresolved}.
 */
export const resourcesOf = (assembly: Assembly, facts: Facts): readonly Resource[] => {
  const exports: Exports = new Map();
  const readers = assembly.stacks.map((stack) => new StackReader(stack, facts, exports));
  return readers.flatMap((reader) => reader.resources());
};
