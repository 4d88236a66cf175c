import {
  AUTHENTICATED_VERSIONS,
  AuthenticatedSpecDefinition,
  baseType,
  POLICY_VERSIONS,
  PolicySpecDefinition,
  REQUIRES_SCOPES_VERSIONS,
  RequiresScopesSpecDefinition,
  type Schema,
} from '@apollo/federation-internals';
import type { Rule } from '../execute/operation';
import { textOfRule } from '../rights';
import { coordinateOf, specOf } from './features';

/** What a graph's schema asks of who sees its fields: all that stand at the field, its type, and the type that it is of. */
export interface Rules {
  of(type: string, field: string, returned: string): readonly Rule[];
}

/** Nothing for a schema that asks nothing of anybody. */
export function rulesOf(schema: Schema): Rules | undefined {
  const found = new Found();
  const scopes = specOf(schema, RequiresScopesSpecDefinition.identity, REQUIRES_SCOPES_VERSIONS);
  const policies = specOf(schema, PolicySpecDefinition.identity, POLICY_VERSIONS);
  const authenticated = specOf(schema, AuthenticatedSpecDefinition.identity, AUTHENTICATED_VERSIONS);
  for (const { parent } of authenticated?.authenticatedDirective(schema)?.applications() ?? [])
    found.add(coordinateOf(parent), [{ kind: 'authenticated' }]);
  for (const applied of scopes?.requiresScopesDirective(schema)?.applications() ?? [])
    found.add(coordinateOf(applied.parent), [{ kind: 'scopes', anyOf: applied.arguments().scopes }]);
  for (const applied of policies?.policyDirective(schema)?.applications() ?? [])
    found.add(coordinateOf(applied.parent), [{ kind: 'policies', anyOf: applied.arguments().policies }]);
  if (found.isEmpty) return undefined;
  found.spread(schema);
  return { of: (type, field, returned) => found.at(type, `${type}.${field}`, returned) };
}

class Found {
  private readonly rules = new Map<string, Map<string, Rule>>();

  get isEmpty() {
    return this.rules.size === 0;
  }

  add(coordinate: string, added: readonly Rule[]): void {
    if (added.length === 0) return;
    const known = this.rules.get(coordinate) ?? new Map<string, Rule>();
    for (const rule of added) known.set(textOfRule(rule), rule);
    this.rules.set(coordinate, known);
  }

  at(...coordinates: readonly string[]): readonly Rule[] {
    const all = coordinates.flatMap((coordinate) => [...(this.rules.get(coordinate) ?? [])]);
    return [...new Map(all).values()];
  }

  /**
   * Who asks by an interface may meet any of its types: it asks what each of them asks. Composition says so itself since
   * 2.9.4; a supergraph of an older one would let a caller around the rules.
   */
  spread(schema: Schema): void {
    for (const found of schema.interfaceTypes()) {
      for (const type of found.possibleRuntimeTypes()) {
        this.add(found.name, this.at(type.name));
        for (const field of type.fields()) {
          if (!found.field(field.name)) continue;
          const returned = field.type ? baseType(field.type).name : '';
          this.add(`${found.name}.${field.name}`, this.at(field.coordinate, returned));
        }
      }
    }
  }
}
