import type * as z from 'zod/mini';

/** One thing that is wrong with an input: where, and what. */
export interface Wrong {
  readonly name: string;
  readonly detail: string;
}

type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly wrong: readonly Wrong[] };

/** Parses `input`; what is wrong comes back as sentences that name each property, unknown ones included. */
export function parse<S extends z.ZodMiniType>(schema: S, input: unknown): Parsed<z.output<S>> {
  const result = schema.safeParse(input);
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, wrong: result.error.issues.flatMap((issue) => explain(issue, input)) };
}

function explain(issue: z.core.$ZodIssue, input: unknown): Wrong[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ name: place([...issue.path, key]), detail: 'is not known here' }));
  // A value of the wrong format is there, even where a transform made it and the input does not show it.
  const missing = issue.code !== 'invalid_format' && valueAt(input, issue.path) === undefined;
  return [{ name: place(issue.path), detail: missing ? 'is missing' : sentence(issue) }];
}

/** What `zod/mini` says of a check that brings no message of its own. */
const UNTOLD = 'Invalid input';

/** `zod/mini` carries no messages (a locale costs load time): these say the same from the issue's code. */
function sentence(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be of type ${issue.expected === 'record' ? 'object' : issue.expected}`;
    case 'too_small':
      return `must be at least ${issue.minimum}${unit(issue.origin)}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${unit(issue.origin)}`;
    case 'invalid_format':
      return issue.format === 'regex' ? `must match ${issue.pattern}` : `must be a valid ${issue.format}`;
    case 'invalid_value':
      return `must be one of: ${issue.values.map(String).join(', ')}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'custom':
      return issue.message === UNTOLD ? 'is not valid' : issue.message;
    default:
      return 'is not valid';
  }
}

const unit = (origin: string) => (origin === 'string' ? ' characters' : origin === 'array' ? ' items' : '');

const place = (path: readonly PropertyKey[]) => path.map(String).join('.');

const valueAt = (input: unknown, path: readonly PropertyKey[]) =>
  path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    input,
  );
