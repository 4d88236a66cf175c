import type { Key, Plain } from './table';

/** An item as the JSON that DynamoDB wants; what is undefined is left out. As text, because each delivery waits for it. */
export function itemText({ pk, sk }: Key, attributes: Plain): string {
  let text = `{"pk":{"S":${JSON.stringify(pk)}},"sk":{"S":${JSON.stringify(sk)}}`;
  for (const name in attributes) {
    const value = attributes[name];
    if (typeof value === 'string') text += `,${quoted(name)}:{"S":${JSON.stringify(value)}}`;
    else if (typeof value === 'number') text += `,${quoted(name)}:{"N":"${value}"}`;
  }
  return `${text}}`;
}

/** Names of attributes, which are few. */
const known = new Map<string, string>();
const MOST_KNOWN = 100;

function quoted(name: string): string {
  const found = known.get(name);
  if (found !== undefined) return found;
  const text = JSON.stringify(name);
  if (known.size < MOST_KNOWN) known.set(name, text);
  return text;
}
