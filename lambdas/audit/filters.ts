import type { Filters } from './contract';

/** Conditions and the values of their placeholders, from `$1` on. */
export interface Conditions {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** Behind which link a page begins, and in which direction it goes. */
interface Place {
  readonly after: number | undefined;
  readonly order: 'asc' | 'desc';
}

/**
 * The rows of this organisation that pass the filters. Only operators that are proof against leaks are used: behind
 * row-level security PostgreSQL takes no index for others, `like` among them.
 */
export function conditionsOf(organisation: string, filters: Filters, { after, order }: Place): Conditions {
  const { actor, action, target, outcome, from, to } = filters;
  const isPrefix = action?.endsWith('.') ?? false;
  const all: readonly (readonly [string, unknown])[] = [
    ['organisation_id =', organisation],
    ['actor =', actor],
    ['target =', target],
    ['outcome =', outcome],
    ...(isPrefix && action !== undefined ? prefixed(action) : [['action =', action] as const]),
    ['at >=', from],
    ['at <', to],
    [order === 'asc' ? 'seq >' : 'seq <', after],
  ];
  const given = all.filter(([, value]) => value !== undefined);
  return {
    sql: given.map(([condition], at) => `${condition} $${at + 1}`).join(' and '),
    values: given.map(([, value]) => value),
  };
}

/** What begins with `key.` stands before `key/`, for `/` is the character after the dot. */
const prefixed = (prefix: string) =>
  [
    ['action >=', prefix],
    ['action <', `${prefix.slice(0, -1)}/`],
  ] as const;
