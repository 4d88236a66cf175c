import type { Expression, Plain } from './table';

interface Fields {
  /** As they are to be; what is undefined is taken away. */
  readonly set: Plain;
  /** Set only where there is nothing yet. */
  readonly keep?: Plain;
  /** Added to what is there. */
  readonly add?: Plain;
}

const isThere = ([, value]: [string, unknown]) => value !== undefined;

/** The update of an item that does this to its attributes. */
export function changeOf({ set, keep = {}, add = {} }: Fields): Expression {
  const all = Object.entries(set);
  const sets = [
    ...all.filter(isThere).map(([name]) => `#${name} = :${name}`),
    ...Object.keys(keep).map((name) => `#${name} = if_not_exists(#${name}, :${name})`),
  ];
  const gone = all.filter((entry) => !isThere(entry)).map(([name]) => `#${name}`);
  const added = Object.keys(add).map((name) => `#${name} :${name}`);
  const clauses = { SET: sets, REMOVE: gone, ADD: added };
  return {
    text: Object.entries(clauses)
      .filter(([, parts]) => parts.length > 0)
      .map(([verb, parts]) => `${verb} ${parts.join(', ')}`)
      .join(' '),
    names: [...all.map(([name]) => name), ...Object.keys(keep), ...Object.keys(add)],
    values: { ...set, ...keep, ...add },
  };
}

/** Holds where these attributes are so; what is undefined must not be there. Nothing without attributes. */
export function conditionOf(before: Plain): Expression | undefined {
  const all = Object.entries(before);
  if (all.length === 0) return undefined;
  return {
    text: all
      .map(([name, value]) => (value === undefined ? `attribute_not_exists(#${name})` : `#${name} = :was_${name}`))
      .join(' AND '),
    names: all.map(([name]) => name),
    values: Object.fromEntries(all.map(([name, value]) => [`was_${name}`, value])),
  };
}
