import {
  type ConstDirectiveNode,
  type ConstValueNode,
  type DocumentNode,
  Kind,
  parse,
  type TypeDefinitionNode,
  valueFromASTUntyped,
} from 'graphql';
import * as z from 'zod/mini';

/** Names of which one list is enough, all that is in it: of scopes, of policies. */
export type AnyOf = readonly (readonly string[])[];

/** What stands at one place of a schema (`Person`, `Person.salary`) about who may see it. */
export interface AuthRule {
  readonly at: string;
  readonly kind: 'authenticated' | 'scopes' | 'policies';
  /** `[[]]` where it is enough to be signed in. */
  readonly anyOf: AnyOf;
}

/** By the place where they stand. */
export type AuthRules = ReadonlyMap<string, readonly AuthRule[]>;

const SPEC = /^https:\/\/specs\.apollo\.dev\/(authenticated|requiresScopes|policy)\/v[\d.]+$/;
const KINDS: Readonly<Record<string, AuthRule['kind']>> = {
  authenticated: 'authenticated',
  requiresScopes: 'scopes',
  policy: 'policies',
};

/** The rules of a supergraph, which composition has merged of all subgraphs. */
export function authRulesOf(supergraph: string): AuthRules {
  const found = new Map<string, AuthRule[]>();
  // Most graphs have none: they are not parsed for it.
  if (!supergraph.includes('specs.apollo.dev/')) return found;
  const document = parse(supergraph, { noLocation: true });
  const kinds = linkedKinds(document);
  if (kinds.size === 0) return found;
  const note = (at: string, directives: readonly ConstDirectiveNode[] = []) => {
    const rules = directives.flatMap((directive) => ruleOf(at, directive, kinds));
    if (rules.length > 0) found.set(at, rules);
  };
  for (const definition of document.definitions) {
    if (!isType(definition)) continue;
    note(definition.name.value, definition.directives);
    if (!('fields' in definition)) continue;
    for (const field of definition.fields ?? []) note(`${definition.name.value}.${field.name.value}`, field.directives);
  }
  return found;
}

const isType = (definition: DocumentNode['definitions'][number]): definition is TypeDefinitionNode =>
  definition.kind.endsWith('TypeDefinition');

const Lists = z.array(z.array(z.string()));

function ruleOf(
  at: string,
  { name, arguments: given = [] }: ConstDirectiveNode,
  kinds: ReadonlyMap<string, AuthRule['kind']>,
): readonly AuthRule[] {
  const kind = kinds.get(name.value);
  if (!kind) return [];
  if (kind === 'authenticated') return [{ at, kind, anyOf: [[]] }];
  const [only] = given;
  return [{ at, kind, anyOf: Lists.parse(only && valueOf(only.value)) }];
}

const Import = z.union([z.string(), z.object({ name: z.string(), as: z.optional(z.string()) })]);
const Link = z.object({ url: z.string(), as: z.optional(z.string()), import: z.optional(z.array(Import)) });

/** By the names that the directives have in this schema (https://specs.apollo.dev/link/v1.0). */
function linkedKinds({ definitions }: DocumentNode): ReadonlyMap<string, AuthRule['kind']> {
  const links = definitions.flatMap((definition) =>
    definition.kind === Kind.SCHEMA_DEFINITION || definition.kind === Kind.SCHEMA_EXTENSION
      ? (definition.directives ?? []).filter(({ name }) => name.value === 'link')
      : [],
  );
  const found = new Map<string, AuthRule['kind']>();
  for (const { arguments: given = [] } of links) {
    const link = Link.parse(Object.fromEntries(given.map(({ name, value }) => [name.value, valueOf(value)])));
    const spec = SPEC.exec(link.url)?.[1];
    const kind = spec === undefined ? undefined : KINDS[spec];
    if (spec !== undefined && kind) found.set(localName(link, spec), kind);
  }
  return found;
}

function localName({ as, import: imported = [] }: z.output<typeof Link>, spec: string): string {
  const own = imported.find((each) => (typeof each === 'string' ? each : each.name) === `@${spec}`);
  const name = typeof own === 'string' ? own : (own?.as ?? own?.name);
  return name?.slice(1) ?? as ?? spec;
}

const valueOf = (value: ConstValueNode): unknown => valueFromASTUntyped(value);
