import * as z from 'zod/mini';
import { PageQuery, pageOf } from '../shared/http/page';
import { type Contract, json } from '../shared/http/route';
import { documentRoutes } from './documents-contract';
import { Health } from './health';
import { settingFields } from './settings';
import { graphSettingsRoutes } from './settings-contract';

/** As a name in a query plan and in the path: lower case, so that no two names differ by that alone. */
export const Name = z.string().check(z.regex(/^[a-z][a-z0-9_-]{0,62}$/));
const Params = z.strictObject({ name: Name });

export const MOST_SDL_BYTES = 256 * 1024;
/** Escaped as JSON, SDL of the largest size takes up to twice its bytes. */
const MOST_BODY_BYTES = 2 * MOST_SDL_BYTES;
const Sdl = z.string().check(z.minLength(1), z.maxLength(MOST_SDL_BYTES));
const Url = z.string().check(z.minLength(1), z.maxLength(2_000));

export const Publication = z.strictObject({
  /** Where the graph reaches it. */
  url: Url,
  /** Asked of the running service (`{ _service { sdl } }`) when it is left out. */
  sdl: z.optional(Sdl),
  ...settingFields,
});

/** One of both: the SDL, or where a running service says it. */
const Candidate = z.strictObject({ url: z.optional(Url), sdl: z.optional(Sdl) });

const version = z.int().check(z.gte(1), z.lte(999_999_999));

const publication = {
  name: z.string(),
  version: z.int(),
  url: z.string(),
  publishedAt: z.string(),
  publishedBy: z.string(),
  /** The earlier version that a rollback has published again. */
  restores: z.nullable(z.int()),
  ...settingFields,
};
const Subgraph = z.object(publication);
/** `null` before the first check of its address, or while the cache does not answer. */
const health = z.nullable(Health);
const WithHealth = z.object({ ...publication, health });
const SubgraphWithSdl = z.object({ ...publication, health, sdl: z.string() });

/** One reason why subgraphs do not compose. */
export const CompositionError = z.object({
  /** Apollo's, such as `INVALID_FIELD_SHARING`; `INVALID_GRAPHQL` for what is no GraphQL. */
  code: z.string(),
  message: z.string(),
  /** Where in whose SDL, counted from 1. */
  positions: z.array(z.object({ subgraph: z.string(), line: z.int(), column: z.int() })),
});
export type CompositionError = z.output<typeof CompositionError>;

/**
 * One difference for callers: of the API schema as graphql-js tells it (`FIELD_REMOVED`, `Product.price was removed.`), or of
 * who may see what (`AUTH_RULE_ADDED`, `AUTH_RULE_TIGHTENED`).
 */
const Change = z.object({ type: z.string(), description: z.string() });
const Changes = z.object({ breaking: z.array(Change), dangerous: z.array(Change) });
export type Changes = z.output<typeof Changes>;

/** What a change has made of the graph. */
const graphChange = {
  graph: z.object({
    version: z.int(),
    /** `false` when it was so before: nothing was written. */
    changed: z.boolean(),
    /** As long as there are requests: an environment of the graph looks beside them. */
    inForceWithinSeconds: z.int(),
  }),
  changes: Changes,
};

/** An operation that callers have run in the last thirty days, and that would not be valid any more. */
const BrokenOperation = z.object({
  /** SHA-256 of its document, in hex. */
  hash: z.string(),
  name: z.nullable(z.string()),
  count: z.int(),
  /** In UTC: `2026-11-24`. */
  lastSeenDay: z.string(),
  errors: z.array(z.object({ message: z.string(), positions: z.array(z.object({ line: z.int(), column: z.int() })) })),
});
export type BrokenOperation = z.output<typeof BrokenOperation>;

const Check = z.object({
  /** It composes, and breaks nothing. */
  passed: z.boolean(),
  composes: z.boolean(),
  compositionErrors: z.array(CompositionError),
  /** Compared with what callers see today. */
  changes: Changes,
  /** Who uses what goes away, the most used first. */
  operations: z.array(BrokenOperation),
  /** So many were looked at, where something breaks; `null` while the cache, which has them, does not answer. */
  operationsChecked: z.nullable(z.int()),
  /** The version of the graph that it was compared with; `null` when there is none yet. */
  comparedWith: z.nullable(z.int()),
});

const Graph = z.object({
  version: z.int(),
  createdAt: z.string(),
  createdBy: z.string(),
  /** What made it: `published products`. */
  cause: z.string(),
  subgraphs: z.array(z.object({ name: z.string(), url: z.string(), version: z.int(), ...settingFields })),
  /** What callers see: the API schema's SDL, without anything of federation. */
  schema: z.string(),
});

const ofOperators = { auth: 'any', since: '0.4.0' } as const;
const read = { ...ofOperators, method: 'GET', permission: 'subgraphs:read' } as const;
const write = { ...ofOperators, method: 'POST', permission: 'subgraphs:write', params: Params } as const;

const EXAMPLE_SDL = 'type Query { products: [String!] }';
const EXAMPLE = { url: 'https://products.example.com/graphql', sdl: EXAMPLE_SDL };

export const registryRoutes = {
  listSubgraphs: {
    ...read,
    path: '/v1/subgraphs',
    summary: 'The subgraphs of the graph, and whether they are there',
    reply: { status: 200, body: z.object({ items: z.array(WithHealth) }) },
  },
  getSubgraph: {
    ...read,
    path: '/v1/subgraphs/{name}',
    summary: 'One subgraph, with its SDL, and whether it is there',
    params: Params,
    reply: { status: 200, body: SubgraphWithSdl },
    errors: ['not_found'],
  },
  listSubgraphVersions: {
    ...read,
    path: '/v1/subgraphs/{name}/versions',
    summary: 'Every publication of a subgraph, the newest first',
    params: Params,
    query: z.strictObject(PageQuery),
    reply: { status: 200, body: pageOf(Subgraph) },
    errors: ['not_found'],
  },
  publishSubgraph: {
    ...write,
    path: '/v1/subgraphs/{name}',
    summary: 'Publish a subgraph: the graph is composed anew, or nothing is changed',
    conditional: true,
    body: json(Publication, MOST_BODY_BYTES),
    reply: { status: 200, body: z.object({ ...publication, ...graphChange }) },
    errors: ['composition_failed'],
    example: { body: EXAMPLE },
  },
  checkSubgraph: {
    ...write,
    path: '/v1/subgraphs/{name}/check',
    summary: 'Would it compose, and what would it break? Changes nothing',
    permission: 'subgraphs:read',
    body: json(Candidate, MOST_BODY_BYTES),
    reply: { status: 200, body: Check },
    example: { body: { sdl: EXAMPLE_SDL } },
  },
  rollBackSubgraph: {
    ...write,
    path: '/v1/subgraphs/{name}/rollback',
    summary: 'Publish an earlier version of a subgraph again, also of one that was deleted',
    conditional: true,
    body: json(z.strictObject({ version })),
    reply: { status: 200, body: z.object({ ...publication, ...graphChange }) },
    errors: ['not_found', 'composition_failed'],
    example: { body: { version: 1 } },
  },
  deleteSubgraph: {
    ...write,
    method: 'DELETE',
    path: '/v1/subgraphs/{name}',
    summary: 'Take a subgraph out of the graph, unless others need it',
    conditional: true,
    reply: { status: 200, body: z.object(graphChange) },
    errors: ['not_found', 'composition_failed'],
  },
  getGraphArtifact: {
    ...read,
    path: '/v1/graph',
    summary: 'The graph in force: of which subgraphs, since when and by whom, and what callers see of it',
    reply: { status: 200, body: Graph },
    errors: ['not_found'],
  },
  ...documentRoutes,
  ...graphSettingsRoutes,
} as const satisfies Contract;
