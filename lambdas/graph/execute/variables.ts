import type { Json, Operation, Variable } from './operation';
import { isObject } from './run';

type Types = Pick<Operation, 'inputs' | 'enums'>;

/**
 * Whether the caller's variables are what the operation declares: as graphql's `getVariableValues`, without its words. Who
 * sends others is told by graphql itself what is wrong with them.
 */
export function areValid(
  { variables, inputs, enums }: Pick<Operation, 'variables' | 'inputs' | 'enums'>,
  given: Json,
): boolean {
  return variables.every((variable) => isGiven(variable, given, { inputs, enums }));
}

function isGiven({ name, wrap, type, hasDefault, isCondition }: Variable, given: Json, types: Types): boolean {
  const value = Object.hasOwn(given, name) ? given[name] : undefined;
  if (value === undefined) return hasDefault === true || !wrap.startsWith('!');
  if (value === null && isCondition) return false;
  return isOf(value, wrap, 0, type, types);
}

function isOf(value: unknown, wrap: string, depth: number, type: string, types: Types): boolean {
  if (wrap[depth] === '!') return value !== null && isOf(value, wrap, depth + 1, type, types);
  if (value === null) return true;
  if (depth < wrap.length) {
    // A value that is no list stands for a list of it.
    const elements: readonly unknown[] = Array.isArray(value) ? value : [value];
    return elements.every((element) => isOf(element, wrap, depth + 1, type, types));
  }
  const values = types.enums[type];
  if (values) return typeof value === 'string' && values.includes(value);
  const input = types.inputs[type];
  if (!input) return isScalar(value, type);
  if (!isObject(value)) return false;
  const names = new Set(input.fields.map(({ name }) => name));
  const keys = Object.keys(value);
  if (input.isOneOf && (keys.length !== 1 || Object.values(value).includes(null))) return false;
  return keys.every((key) => names.has(key)) && input.fields.every((field) => isGiven(field, value, types));
}

const MOST_INT = 2 ** 31;

function isScalar(value: unknown, type: string): boolean {
  switch (type) {
    case 'Int':
      return typeof value === 'number' && Number.isInteger(value) && value < MOST_INT && value >= -MOST_INT;
    case 'Float':
      return typeof value === 'number';
    case 'String':
      return typeof value === 'string';
    case 'Boolean':
      return typeof value === 'boolean';
    case 'ID':
      return typeof value === 'string' || (typeof value === 'number' && Number.isInteger(value));
    default:
      return true;
  }
}
