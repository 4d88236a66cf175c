/** Something whose time has come, by its key in the log. */
export interface Due {
  readonly pk: string;
  readonly sk: string;
  readonly at: string;
}

/** Sees to one thing that is due. It bears being done twice, and moves or takes away what it has seen to. */
export type SeeTo = (due: Due) => Promise<void>;

/** Who sees to what, by what its partition key begins with. */
export type Responsible = Readonly<Record<string, SeeTo>>;
