import { below, errorsAt, type Group, groupsOf, placesOf, put, take, together } from './entities';
import { copyOf, merge } from './merge';
import type { Fetch } from './operation';
import { representBy } from './representations';
import { type Conditions, rewriteAll } from './rewrites';
import { type Data, type GraphError, isObject, type Path, type Run } from './run';

/** Runs one part of a plan for these objects of the response. */
export type Step = (run: Run, targets: readonly Data[]) => Promise<void> | void;

/** What parts of a plan need to know of the whole. */
export interface Context {
  readonly conditions: Conditions;
  /** Default values of the variables that decide on parts. */
  readonly defaults: Readonly<Record<string, boolean>>;
  /** What more than one fetch asks (`queryOf`). */
  readonly repeated: ReadonlySet<string>;
}

export const queryOf = ({ subgraph, query }: Fetch): string => `${subgraph} ${query}`;

/** A fetch that asks a subgraph's root, and puts the answer into its targets: there is one, the response's root. */
export function rootFetch(fetch: Fetch, path: readonly string[], { conditions }: Context): Step {
  const head = headOf(fetch);
  return async (run, targets) => {
    const { data, errors } = await run.ask(fetch.subgraph, `${head}${variablesOf(fetch, run)}}}`);
    if (errors) run.errors.push(...errors.map((error) => below(path, from(fetch)(error))));
    if (!data) return;
    if (fetch.outputRewrites) rewriteAll(fetch.outputRewrites, conditions, data);
    for (const [index, target] of targets.entries()) merge(target, index === 0 ? data : asData(copyOf(data)));
  };
}

/** A fetch of what another subgraph knows of entities. */
export function entityFetch(fetch: Fetch, path: readonly string[], { conditions, repeated }: Context): Step {
  const mayMeet = repeated.has(queryOf(fetch));
  const head = headOf(fetch);
  // A subgraph with an interface object answers with the interface's name: what is known better stays.
  const interfaceNames = (fetch.inputRewrites ?? []).flatMap((rewrite) =>
    rewrite.kind === 'ValueSetter' && rewrite.path.at(-1) === '__typename' ? [rewrite.setValueTo] : [],
  );
  const represent = representBy(fetch.requires ?? [], fetch.inputRewrites, conditions);
  return async (run, targets) => {
    const groups = groupsOf(targets, represent);
    if (groups.length === 0) return;
    const variables = variablesOf(fetch, run);
    const before = `${head}${variables}${variables === '' ? '' : ','}"representations":[`;
    const send = (representations: readonly string[]) =>
      run.ask(fetch.subgraph, `${before}${representations.join(',')}]}}`, representations.length);
    const key = `${fetch.subgraph} ${before}`;
    const { answer, indices, taken } = await together(run, groups, { key, mayMeet, send });
    if (answer.errors) tell(run, answer.errors.map(from(fetch)), path, groups, indices);
    const entities = answer.data?._entities;
    if (!Array.isArray(entities)) return;
    for (const [at, group] of groups.entries()) {
      const entity = take(taken, entities, indices[at] ?? -1);
      if (!entity) continue;
      if (fetch.outputRewrites) rewriteAll(fetch.outputRewrites, conditions, entity);
      if (interfaceNames.includes(entity.__typename)) delete entity.__typename;
      put(entity, group);
    }
  };
}

/** Up to the variables' values: all that is the same for each request. */
function headOf({ query, operationName }: Fetch): string {
  const name = operationName === undefined ? '' : `,"operationName":${JSON.stringify(operationName)}`;
  return `{"query":${JSON.stringify(query)}${name},"variables":{`;
}

/** The members of the variables that the caller has given; for the others, the subgraph has the operation's defaults. */
function variablesOf({ variables }: Fetch, run: Run): string {
  let text = '';
  for (const name of variables) {
    const value = Object.hasOwn(run.variables, name) ? run.variables[name] : undefined;
    if (value === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${JSON.stringify(value)}`;
  }
  return text;
}

const from =
  ({ subgraph }: Fetch) =>
  (error: GraphError): GraphError => ({ ...error, extensions: { ...error.extensions, serviceName: subgraph } });

function tell(
  run: Run,
  errors: readonly GraphError[],
  path: readonly string[],
  groups: readonly Group[],
  indices: readonly number[],
) {
  const places = placesOf(run.data, path);
  const placesOfEntity = (index: number): readonly Path[] =>
    groups[indices.indexOf(index)]?.objects.flatMap((object) => places.get(object) ?? []) ?? [];
  run.errors.push(...errorsAt(errors, path, placesOfEntity));
}

const asData = (value: unknown): Data => (isObject(value) ? value : {});
