import { REGION } from '../aws/arn';
import { isObject, list } from '../json';

/** What the intrinsics of one stack refer to. Each throws {@link Unresolved} for what is not known here. */
export interface Scope {
  ref(id: string): unknown;
  attribute(id: string, name: string): unknown;
  mapping(path: readonly string[]): unknown;
  condition(name: string): boolean;
  imported(exportName: string): unknown;
  /** The last word on every finished string: local addresses for public ones, values for `{{resolve:...}}`. */
  finish(value: string): string;
}

/** A reference of a template that has no value on this machine. The message ends with the way to where it stands. */
export class Unresolved extends Error {
  override name = 'Unresolved';
  constructor(
    readonly reference: string,
    /** Names of the members that lead to the reference, outermost first. */
    readonly path: readonly string[] = [],
  ) {
    super(`${reference} is not known on this machine${path.length > 0 ? ` (at ${path.join('.')})` : ''}`);
  }
}

/** `AWS::NoValue` drops the member or item it stands for; `undefined` is how that looks on the way. */
const NO_VALUE = undefined;

const items = (value: unknown, scope: Scope): readonly unknown[] => list(resolve(value, scope));

/** Only a text can be joined or split; an object here is a reference that gave something else. */
const string = (value: unknown): string => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Unresolved(`a text in place of ${JSON.stringify(value)}`);
};

const attribute = (target: unknown, scope: Scope): unknown => {
  const [id = '', ...name] = typeof target === 'string' ? target.split('.') : list(target).map(String);
  return scope.attribute(id, name.join('.'));
};

const substitute = (argument: unknown, scope: Scope): string => {
  const [template, variables] = typeof argument === 'string' ? [argument, {}] : list(argument);
  const given = isObject(variables) ? variables : {};
  return string(template).replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
    if (literal) return `\${${name}}`;
    if (name in given) return string(resolve(given[name], scope));
    return string(name.includes('.') ? attribute(name, scope) : scope.ref(name));
  });
};

const decide = (value: unknown, scope: Scope): boolean => {
  const result =
    isObject(value) && 'Condition' in value ? scope.condition(string(value.Condition)) : resolve(value, scope);
  return result === true || result === 'true';
};

type Intrinsic = (argument: unknown, scope: Scope) => unknown;

const choose: Intrinsic = (argument, scope) => {
  const [condition, whenTrue, whenFalse] = list(argument);
  return resolve(scope.condition(string(condition)) ? whenTrue : whenFalse, scope);
};

const select: Intrinsic = (argument, scope) => {
  const [index, choices] = list(argument);
  const chosen = items(choices, scope)[Number(resolve(index, scope))];
  if (chosen === undefined) throw new Unresolved(`Fn::Select ${JSON.stringify(argument)}`);
  return chosen;
};

const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  Ref: (id, scope) => scope.ref(string(id)),
  'Fn::GetAtt': attribute,
  'Fn::Join': (argument, scope) => {
    const [separator, parts] = list(argument);
    return items(parts, scope).map(string).join(string(separator));
  },
  'Fn::Sub': substitute,
  'Fn::Select': select,
  'Fn::Split': (argument, scope) => {
    const [separator, source] = list(argument);
    return string(resolve(source, scope)).split(string(separator));
  },
  'Fn::Base64': (argument, scope) => Buffer.from(string(resolve(argument, scope))).toString('base64'),
  'Fn::GetAZs': () => ['a', 'b', 'c'].map((zone) => REGION + zone),
  'Fn::FindInMap': (argument, scope) => scope.mapping(items(argument, scope).map(string)),
  'Fn::ImportValue': (argument, scope) => scope.imported(string(resolve(argument, scope))),
  'Fn::If': choose,
  'Fn::Equals': (argument, scope) => {
    const [left, right] = items(argument, scope);
    return JSON.stringify(left) === JSON.stringify(right);
  },
  'Fn::And': (argument, scope) => list(argument).every((part) => decide(part, scope)),
  'Fn::Or': (argument, scope) => list(argument).some((part) => decide(part, scope)),
  'Fn::Not': (argument, scope) => !decide(list(argument)[0], scope),
};

const intrinsicOf = (value: Readonly<Record<string, unknown>>): readonly [string, unknown] | undefined => {
  const [only, ...others] = Object.entries(value);
  return only !== undefined && others.length === 0 && (only[0] === 'Ref' || only[0].startsWith('Fn::'))
    ? only
    : undefined;
};

const within = (name: string, work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    throw error instanceof Unresolved ? new Unresolved(error.reference, [name, ...error.path]) : error;
  }
};

/**
 * The value with every CloudFormation intrinsic in it replaced by what it stands for on this machine.
 * Throws {@link Unresolved} naming the reference, and the members that lead to it, when one has no value here.
 */
export const resolve = (value: unknown, scope: Scope): unknown => {
  if (typeof value === 'string') return scope.finish(value);
  if (Array.isArray(value)) return value.map((item) => resolve(item, scope)).filter((item) => item !== NO_VALUE);
  if (!isObject(value)) return value;
  const intrinsic = intrinsicOf(value);
  if (intrinsic === undefined) {
    const members = Object.entries(value).map(([name, member]) => [name, within(name, () => resolve(member, scope))]);
    return Object.fromEntries(members.filter(([, member]) => member !== NO_VALUE));
  }
  const [name, argument] = intrinsic;
  const apply = INTRINSICS[name];
  if (apply === undefined) throw new Unresolved(`the intrinsic ${name}`);
  const result = apply(argument, scope);
  return typeof result === 'string' ? scope.finish(result) : result;
};
