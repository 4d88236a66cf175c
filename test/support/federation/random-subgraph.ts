import { buildSubgraphSchema } from '@apollo/subgraph';
import {
  type DocumentNode,
  execute,
  GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLFormattedError,
  type GraphQLSchema,
  parse,
  responsePathAsArray,
  validate,
} from 'graphql';
import type { SubgraphDefinition } from './compose';
import type { Source } from './families';
import { type Faults, happens, NO_FAULTS } from './faults';
import { hashOf } from './random';
import { type Asked, GraphData, isThing, placeOf } from './subgraph-data';
import { project, readKeys } from './subgraph-keys';

export interface SubgraphRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  readonly operationName?: string | undefined;
}

/** As it comes over the wire: nobody else holds any part of it. */
export interface SubgraphAnswer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly GraphQLFormattedError[];
}

export interface Subgraph {
  readonly name: string;
  /** Rejects when the subgraph is down. */
  execute(request: SubgraphRequest): Promise<SubgraphAnswer>;
}

/** The subgraphs of a graph, with data and faults that the seed tells. Making one is cheap: the schemas are shared. */
export type World = (seed: number, faults?: Partial<Faults>) => Readonly<Record<string, Subgraph>>;

export interface WorldOptions {
  /** Refuses documents that are not valid. Apollo's always are; it costs a third of the time. */
  readonly validate?: boolean;
}

/** What one request carries through graphql-js. */
interface Context {
  readonly seed: number;
  readonly faults: Faults;
  readonly slips: { readonly path: readonly (string | number)[]; readonly value: unknown }[];
}

export function worldOf(subgraphs: readonly SubgraphDefinition[], options: WorldOptions = {}): World {
  const sources: Source[] = [];
  const data: { of?: GraphData } = {};
  const dataOf = () => (data.of ??= new GraphData(sources));
  for (const { name, typeDefs } of subgraphs) sources.push(sourceOf(name, typeDefs, dataOf));
  const executors = sources.map((source) => [source.name, executor(source, dataOf(), options)] as const);
  return (seed, faults = {}) => {
    const all = { ...NO_FAULTS, ...faults };
    return Object.fromEntries(
      executors.map(([name, run]) => [
        name,
        { name, execute: (request) => run(request, { seed, faults: all, slips: [] }) },
      ]),
    );
  };
}

/** The executable schema, in which every type with a key can be referred to. */
function sourceOf(name: string, typeDefs: string, data: () => GraphData): Source {
  const document = parse(typeDefs);
  const keys = readKeys(document);
  const resolve = (type: string) => (reference: unknown, context: Context) =>
    resolveReference(data(), source, type, reference, context);
  const referable = [...keys.keys.keys()].map((type) => [type, { __resolveReference: resolve(type) }] as const);
  const schema = buildSubgraphSchema([{ typeDefs: document, resolvers: Object.fromEntries(referable) }]);
  const source: Source = { name, schema, keys };
  return source;
}

/** Rejects, where it fails: an error that is thrown at once would take all the other entities with it. */
async function resolveReference(data: GraphData, source: Source, type: string, reference: unknown, context: Context) {
  const thing = data.resolve(type, reference, {
    source,
    seed: context.seed,
    faults: NO_FAULTS,
    slip: () => {},
    shared: true,
  });
  if (thing === null) return null;
  const place = hashOf(context.seed, source.name, thing.identity);
  if (happens(context.faults.lostEntities, place, 'lost')) return null;
  if (happens(context.faults.brokenReferences, place, 'reference')) throw fault(place, `${type} is not reached`);
  return thing;
}

function executor(source: Source, data: GraphData, options: WorldOptions) {
  const documents = new Map<string, DocumentNode>();
  const fieldResolver = resolver(source, data);
  return async ({ query, variables, operationName }: SubgraphRequest, context: Context): Promise<SubgraphAnswer> => {
    if (happens(context.faults.down, hashOf(context.seed, source.name), 'down')) {
      throw new Error(`${source.name} does not answer`);
    }
    const document = documents.get(query) ?? parsed(query, source.schema, options);
    documents.set(query, document);
    const contextValue: Context = { ...context, slips: [] };
    const asked = { variableValues: variables, operationName, contextValue };
    const result = await execute({ schema: source.schema, document, fieldResolver, ...asked });
    for (const slip of contextValue.slips) put(result.data, slip.path, slip.value);
    const answer: SubgraphAnswer = JSON.parse(JSON.stringify(result));
    return answer;
  };
}

function parsed(query: string, schema: GraphQLSchema, options: WorldOptions): DocumentNode {
  const document = parse(query);
  const [error] = options.validate === true ? validate(schema, document) : [];
  if (error !== undefined) throw new Error(`a subgraph was sent what is not valid: ${error.message}\n${query}`);
  return document;
}

function resolver(source: Source, data: GraphData): GraphQLFieldResolver<unknown, Context> {
  const { requires } = source.keys;
  const shared = sharedFields(data);
  return (parent, args, { seed, faults, slips }, info) => {
    const { fieldName, parentType, returnType } = info;
    const thing = isThing(parent) ? parent : undefined;
    const name = `${parentType.name}.${fieldName}`;
    const required = requires.get(name);
    const told = required === undefined ? args : [args, project(thing?.representation, required)];
    const place = placeOf(seed, thing ?? parentType.name, fieldName, told);
    if (happens(faults.errors, place, 'error')) throw fault(place, `${name} fails`);
    const slip: Asked['slip'] = (path, value) => {
      slips.push({ path: [...responsePathAsArray(info.path), ...path], value });
    };
    return data.value(returnType, thing, fieldName, place, { source, seed, faults, slip, shared: shared.has(name) });
  };
}

/** `Type.field` of what more than one subgraph defines. */
function sharedFields({ sources }: GraphData): ReadonlySet<string> {
  const once = new Set<string>();
  const again = new Set<string>();
  for (const name of sources.flatMap(({ keys }) => [...keys.fields])) (once.has(name) ? again : once).add(name);
  return again;
}

function fault(place: number, message: string): GraphQLError {
  const code = ['NOT_FOUND', 'FORBIDDEN', 'INTERNAL_SERVER_ERROR', undefined][place % 4];
  return new GraphQLError(message, { extensions: code === undefined ? {} : { code, place } });
}

/** Puts a value into a completed answer, when nothing above it has become null. */
function put(target: unknown, path: readonly (string | number)[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined || typeof target !== 'object' || target === null || !(head in target)) return;
  if (rest.length > 0) put(Reflect.get(target, head), rest, value);
  else Reflect.set(target, head, value);
}
