import { type GraphQLSchema, getNamedType, isInterfaceType, isObjectType } from 'graphql';
import { type AnyOf, type AuthRule, type AuthRules, authRulesOf } from './auth-rules';
import type { Changes } from './contract';

type Change = Changes['breaking'][number];

interface Side {
  readonly schema: GraphQLSchema;
  readonly supergraph: string;
}

/**
 * Rules about who may see what, where a caller who could see a field may not any more. A field is guarded by what stands at
 * it, at its type and at the type that it is of, all together: a rule that only moves between them is no change.
 */
export function stricterRules(before: Side, after: Side): Change[] {
  const next = authRulesOf(after.supergraph);
  if (next.size === 0) return [];
  const old = authRulesOf(before.supergraph);
  const found = new Map<string, Change>();
  for (const field of fieldsOf(after.schema, before.schema)) {
    const had = effective(old, field.before);
    for (const rule of effective(next, field.after))
      if (!isImplied(rule, had)) found.set(`${rule.at} ${rule.kind}`, told(rule, old));
  }
  return [...found.values()];
}

/** The places of one field's rules. */
type Places = readonly string[];

function* fieldsOf(next: GraphQLSchema, old: GraphQLSchema): Iterable<{ before: Places; after: Places }> {
  for (const type of Object.values(next.getTypeMap())) {
    const known = old.getType(type.name);
    if (!hasFields(type) || !hasFields(known)) continue;
    for (const [name, field] of Object.entries(type.getFields())) {
      const earlier = known.getFields()[name];
      if (!earlier) continue;
      const places = (returned: string) => [type.name, `${type.name}.${name}`, returned];
      yield { before: places(getNamedType(earlier.type).name), after: places(getNamedType(field.type).name) };
    }
  }
}

const hasFields = (type: unknown) => isObjectType(type) || isInterfaceType(type);

const effective = (rules: AuthRules, places: Places): readonly AuthRule[] =>
  places.flatMap((place) => rules.get(place) ?? []);

/** Alternatives of several rules together; more than people write are not multiplied out. */
const MOST_ALTERNATIVES = 1_000;

/** Whether whoever met the rules of before meets this one. Each of them asks to be signed in. */
function isImplied({ kind, anyOf }: AuthRule, had: readonly AuthRule[]): boolean {
  if (kind === 'authenticated') return had.length > 0;
  const same = had.filter((rule) => rule.kind === kind).map((rule) => rule.anyOf);
  const product = same.reduce((size, each) => size * each.length, 1);
  const all = product > MOST_ALTERNATIVES ? same : [same.reduce<AnyOf>(both, [[]])];
  return all.some((each) => each.every((held) => anyOf.some((wanted) => wanted.every((name) => held.includes(name)))));
}

const both = (some: AnyOf, others: AnyOf): AnyOf => some.flatMap((one) => others.map((other) => [...one, ...other]));

function told(rule: AuthRule, old: AuthRules): Change {
  const isKnown = old.get(rule.at)?.some(({ kind }) => kind === rule.kind) ?? false;
  return {
    type: isKnown ? 'AUTH_RULE_TIGHTENED' : 'AUTH_RULE_ADDED',
    description: `${rule.at} asks for ${wordsOf(rule)}.`,
  };
}

const NAMES = { scopes: 'the scopes', policies: 'the policies' } as const;

const wordsOf = ({ kind, anyOf }: AuthRule): string =>
  kind === 'authenticated'
    ? 'a caller who has signed in'
    : `${NAMES[kind]} ${anyOf.map((all) => all.join(' and ')).join(', or ')}`;
