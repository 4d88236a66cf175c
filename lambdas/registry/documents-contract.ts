import * as z from 'zod/mini';
import { Manifest as Published } from '../shared/graph/documents';
import { type Contract, json } from '../shared/http/route';

/** As clients name themselves: `web`, `ios-4.2`. */
const Client = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$/));
const Params = z.strictObject({ client: Client });

export const MOST_DOCUMENTS = 2_000;
export const MOST_DOCUMENT_BYTES = 64 * 1024;
/** The firewall takes less than a million. */
export const MOST_MANIFEST_BYTES = 768 * 1024;

const DocumentId = z.string().check(z.regex(/^[\x21-\x7e]{1,200}$/));
const Body = z.string().check(z.minLength(1), z.maxLength(MOST_DOCUMENT_BYTES));

/** What Apollo's `generate-persisted-query-manifest` writes. */
const ApolloManifest = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z
    .array(z.object({ id: DocumentId, name: z.string(), type: z.string(), body: Body }))
    .check(z.maxLength(MOST_DOCUMENTS)),
});
/** What Relay's compiler writes. */
const RelayManifest = z.record(DocumentId, Body);
export const Manifest = z.union([ApolloManifest, RelayManifest]);
export type Manifest = z.output<typeof Manifest>;

const Document = z.object({ id: z.string(), hash: z.string(), name: z.string(), type: z.string() });

/** What is wrong with one document of a manifest. */
export const DocumentError = z.object({
  id: z.string(),
  name: z.nullable(z.string()),
  errors: z.array(z.object({ message: z.string(), positions: z.array(z.object({ line: z.int(), column: z.int() })) })),
});
export type DocumentError = z.output<typeof DocumentError>;

const inForceWithinSeconds = z.int();
const ofOperators = { auth: 'any', since: '0.4.0' } as const;
const ofClient = { ...ofOperators, path: '/v1/graph/documents/{client}', params: Params } as const;

export const documentRoutes = {
  listDocumentManifests: {
    ...ofOperators,
    method: 'GET',
    path: '/v1/graph/documents',
    summary: 'The clients whose documents the graph knows',
    permission: 'subgraphs:read',
    reply: { status: 200, body: z.object({ items: z.array(Published) }) },
  },
  getDocumentManifest: {
    ...ofClient,
    method: 'GET',
    summary: 'The documents of one client, without their text',
    permission: 'subgraphs:read',
    reply: { status: 200, body: z.object({ ...Published.shape, documents: z.array(Document) }) },
    errors: ['not_found'],
  },
  publishDocuments: {
    ...ofClient,
    method: 'PUT',
    summary: 'Publish all documents of a client, in place of those that it had',
    permission: 'subgraphs:write',
    conditional: true,
    body: json(Manifest, MOST_MANIFEST_BYTES),
    reply: { status: 200, body: z.object({ ...Published.shape, changed: z.boolean(), inForceWithinSeconds }) },
    errors: ['documents_invalid', 'conflict'],
    example: { body: { 'product-name': 'query ProductName($id: ID!) { product(id: $id) { name } }' } },
  },
  deleteDocuments: {
    ...ofClient,
    method: 'DELETE',
    summary: 'Take back all documents of a client',
    permission: 'subgraphs:write',
    conditional: true,
    reply: { status: 200, body: z.object({ inForceWithinSeconds }) },
    errors: ['not_found'],
  },
} as const satisfies Contract;
