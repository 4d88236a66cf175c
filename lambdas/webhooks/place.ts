/** What is wrong with a value that a tenant sent, and where. */
export interface Flaw {
  readonly path: readonly PropertyKey[];
  readonly detail: string;
}

/** Where in such a value its reader stands, and what it has found wrong so far. */
export interface Place {
  readonly path: readonly PropertyKey[];
  readonly flaws: Flaw[];
}

export const within = ({ path, flaws }: Place, key: PropertyKey): Place => ({ path: [...path, key], flaws });

export function flaw({ path, flaws }: Place, detail: string): undefined {
  flaws.push({ path, detail });
}
