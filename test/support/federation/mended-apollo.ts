import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { executeQueryPlan as ExecuteQueryPlan } from '@apollo/gateway/dist/executeQueryPlan';

/*
 * @apollo/gateway's executor with what is known to be wrong in it put right, each by itself and with its reason. The
 * differential test asks the executor as it is first; only where that one differs from ours must this one agree.
 */

interface Mend {
  readonly why: string;
  readonly from: string;
  readonly to: string;
}

const EXECUTOR: readonly Mend[] = [
  {
    why: 'a representation with lists in lists is null at all places of the inner lists',
    from: 'result[responseName] = source[responseName].map((value) => selections\n                        ? executeSelectionSet(schema, value, selections)\n                        : value);',
    to: 'const each = (value) => Array.isArray(value) ? value.map(each) : selections ? executeSelectionSet(schema, value, selections) : value; result[responseName] = source[responseName].map(each);',
  },
  {
    why: 'the path of an error is that of another entity where some before it had no representation',
    from: 'const response = await service.process({',
    to: 'const indices = representationIndices; const response = await service.process({',
  },
  {
    why: '(the same)',
    from: 'const representationToEntity = [];',
    to: 'const representationToEntity = []; representationIndices = representationToEntity;',
  },
  {
    why: "a subgraph with an interface object knows the interface's name alone, and what an object is called is forgotten for it",
    from: '(0, deepMerge_1.deepMerge)(entities[representationToEntity[i]], receivedEntity);',
    to: "if (receivedEntity && (fetch.inputRewrites ?? []).some(({ kind, path, setValueTo }) => kind === 'ValueSetter' && path.at(-1) === '__typename' && setValueTo === receivedEntity.__typename)) receivedEntity.__typename = existingEntity?.__typename; (0, deepMerge_1.deepMerge)(entities[representationToEntity[i]], receivedEntity);",
  },
  {
    why: '(the same)',
    from: 'const service = context.serviceMap[fetch.serviceName];',
    to: 'const service = context.serviceMap[fetch.serviceName]; let representationIndices;',
  },
  {
    why: '(the same)',
    from: 'makeLazyErrorPathGenerator(fetch, currentCursor)',
    to: 'makeLazyErrorPathGenerator(fetch, currentCursor, indices)',
  },
  {
    why: '(the same)',
    from: 'function makeLazyErrorPathGenerator(fetch, cursor) {',
    to: 'function makeLazyErrorPathGenerator(fetch, cursor, indices) {',
  },
  {
    why: '(the same)',
    from: 'hydratedPaths[errorPath[1]]',
    to: 'hydratedPaths[indices?.[errorPath[1]] ?? errorPath[1]]',
  },
];

const SHAPING: readonly Mend[] = [
  {
    why: 'an object that the schema knows the type of is taken for its interface, where a subgraph knows that name alone',
    from: 'objType = typenameType;',
    to: 'if (type.kind !== "ObjectType") objType = typenameType;',
  },
  {
    why: '(the same)',
    from: '    if (typename) {\n        const type = schema.type(typename);',
    to: '    if (typename && parentType.kind !== "ObjectType") {\n        const type = schema.type(typename);',
  },
  {
    why: '(the same)',
    from: "const type = inputValue !== null && typeof inputValue === 'string'",
    to: "const type = parentType.kind !== 'ObjectType' && inputValue !== null && typeof inputValue === 'string'",
  },
  {
    why: "whether a field may be null is taken from the interface that it is asked of, not from the object's type (section 6.4.3)",
    from: 'const fieldType = field.definition.type;',
    to: 'const fieldType = (parentType.kind === "ObjectType" ? parentType.field(field.name)?.type : undefined) ?? field.definition.type;',
  },
  {
    why: 'an object that does not say its type is taken for the interface of a fragment around it, and not for what it is',
    from: 'parentType: (_d = fragment.typeCondition) !== null && _d !== void 0 ? _d : parentType,',
    to: 'parentType: parentType.kind === "ObjectType" ? parentType : ((_d = fragment.typeCondition) !== null && _d !== void 0 ? _d : parentType),',
  },
];

const MERGING: readonly Mend[] = [
  {
    why: 'an object of a scalar of its own is lost where another subgraph has answered a list or a text, which stays',
    from: 'if (target[key] && (0, predicates_1.isObject)(source[key])) {',
    to: 'if ((0, predicates_1.isObject)(target[key]) && (0, predicates_1.isObject)(source[key])) {',
  },
  {
    why: 'of lists in lists that several subgraphs answer, the last one is taken for all',
    from: 'target[key][i] = source[key][i];',
    to: 'const [old, fresh] = [{ it: target[key][i] }, { it: source[key][i] }]; deepMerge(old, fresh); target[key][i] = old.it;',
  },
];

/** `executeQueryPlan`, mended. Throws when the package no longer holds what is to be mended. */
export function mendedExecutor(): typeof ExecuteQueryPlan {
  const requireHere = createRequire(__filename);
  const file = requireHere.resolve('@apollo/gateway/dist/executeQueryPlan');
  const beside = (name: string, mends: readonly Mend[]): Exports => load(join(dirname(file), `${name}.js`), mends, {});
  const { executeQueryPlan } = load(file, EXECUTOR, {
    './resultShaping': beside('resultShaping', SHAPING),
    './utilities/deepMerge': beside('utilities/deepMerge', MERGING),
  });
  return executeQueryPlan;
}

// oxlint-disable-next-line typescript/no-explicit-any
type Exports = any;

function load(file: string, mends: readonly Mend[], instead: Readonly<Record<string, unknown>>): Exports {
  let source = readFileSync(file, 'utf8');
  for (const { why, from, to } of mends) {
    if (!source.includes(from)) throw new Error(`it is not there any more: ${why}`);
    source = source.replace(from, to);
  }
  const requireThere = createRequire(file);
  const exports: Exports = {};
  // A package's own text, with the mends above: nothing of it comes from elsewhere.
  // oxlint-disable-next-line typescript/no-implied-eval
  const run = new Function('exports', 'require', source);
  run(exports, (name: string): unknown => instead[name] ?? requireThere(name));
  return exports;
}
