import { LINK } from './compose';

type Keyword = 'type' | 'interface' | 'union' | 'enum' | 'scalar' | 'input';

interface TypeDraft {
  readonly keyword: Keyword;
  readonly directives: Set<string>;
  readonly interfaces: Set<string>;
  /** Printed lines by field name; of an enum, its values. */
  readonly fields: Map<string, FieldDraft>;
  readonly members: Set<string>;
}

export interface FieldDraft {
  /** With the parentheses, or ''. */
  readonly args: string;
  readonly type: string;
  readonly directives: string;
}

/** The document of one subgraph while it is drawn: types gain fields, directives and members in any order. */
export class SubgraphDraft {
  readonly #types = new Map<string, TypeDraft>();

  constructor(readonly name: string) {}

  has(type: string): boolean {
    return this.#types.has(type);
  }

  declare(keyword: Keyword, name: string): this {
    if (!this.#types.has(name)) {
      const empty = { directives: new Set<string>(), interfaces: new Set<string>(), members: new Set<string>() };
      this.#types.set(name, { keyword, ...empty, fields: new Map() });
    }
    return this;
  }

  direct(type: string, directive: string): this {
    this.#type(type).directives.add(directive);
    return this;
  }

  implement(type: string, name: string): this {
    this.#type(type).interfaces.add(name);
    return this;
  }

  join(union: string, members: readonly string[]): this {
    for (const member of members) this.#type(union).members.add(member);
    return this;
  }

  /** The first definition of a field stays: a field that is needed again (a key, an external one) is already right. */
  field(type: string, name: string, { args = '', type: returns, directives = '' }: Partial<FieldDraft>): this {
    const { fields } = this.#type(type);
    if (!fields.has(name)) fields.set(name, { args, type: returns ?? '', directives });
    return this;
  }

  fieldOf(type: string, name: string): FieldDraft | undefined {
    return this.#types.get(type)?.fields.get(name);
  }

  /** Adds a directive to a field that is there. */
  directField(type: string, name: string, directive: string): this {
    const field = this.fieldOf(type, name);
    if (field === undefined) throw new Error(`${this.name} has no ${type}.${name}`);
    if (!field.directives.includes(directive)) {
      this.#type(type).fields.set(name, { ...field, directives: `${field.directives} ${directive}` });
    }
    return this;
  }

  print(): string {
    return [LINK, ...[...this.#types].map(([name, type]) => printType(name, type))].join('\n\n');
  }

  #type(name: string): TypeDraft {
    const type = this.#types.get(name);
    if (type === undefined) throw new Error(`${this.name} has no ${name}`);
    return type;
  }
}

function printType(name: string, { keyword, directives, interfaces, fields, members }: TypeDraft): string {
  const head = [keyword, name, ...implemented(interfaces), ...directives].join(' ');
  if (keyword === 'union') return `${head} = ${[...members].join(' | ')}`;
  if (fields.size === 0) return head;
  return `${head} {\n${[...fields].map(([field, draft]) => printField(field, draft)).join('\n')}\n}`;
}

function implemented(interfaces: ReadonlySet<string>): string[] {
  return interfaces.size === 0 ? [] : ['implements', [...interfaces].join(' & ')];
}

function printField(name: string, { args, type, directives }: FieldDraft): string {
  return `  ${name}${args}${type === '' ? '' : `: ${type}`} ${directives}`.trimEnd();
}
