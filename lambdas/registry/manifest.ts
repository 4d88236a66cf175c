import {
  buildSchema,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  validate,
} from 'graphql';
import { refuse } from '../shared/errors';
import { documentHash } from '../shared/graph/documents';
import { type DocumentError, type Manifest, MOST_DOCUMENT_BYTES, MOST_DOCUMENTS } from './documents-contract';

/** A document that a client was built with. */
export interface TrustedDocument {
  readonly id: string;
  /** SHA-256 of the body, in hex. */
  readonly hash: string;
  readonly name: string;
  readonly kind: 'query' | 'mutation';
  readonly body: string;
}

interface Listed {
  readonly id: string;
  readonly body: string;
  readonly name?: string;
  readonly type?: string;
}

/** As the graph's own (lambdas/graph/planning): what has more is never run. */
const MOST_TOKENS = 10_000;
/** What one answer tells of: documents, and errors of each. */
const MOST_TOLD = 50;
const MOST_ERRORS = 10;
const SHA256 = /^[0-9a-f]{64}$/;
/** What PostgreSQL takes for no text: NUL, and halves of surrogate pairs. */
const NO_TEXT = /\0|[\ud800-\udfff]/u;

/** All documents of a manifest, each valid in this schema, or a refusal that says what is wrong with which. */
export function documentsOf(manifest: Manifest, apiSchema: string): TrustedDocument[] {
  const listed = listedIn(manifest);
  if (listed.length > MOST_DOCUMENTS) refuse('too_large', `a manifest may have ${MOST_DOCUMENTS} documents`);
  const schema = buildSchema(apiSchema, { assumeValid: true, assumeValidSDL: true, noLocation: true });
  const documents: TrustedDocument[] = [];
  const wrong: DocumentError[] = [];
  for (const each of listed) {
    const read = documentOf(each, schema);
    if ('errors' in read) wrong.push(read);
    else documents.push(read);
  }
  if (wrong.length > 0)
    refuse('documents_invalid', `${wrong.length} of ${listed.length} documents are not valid`, {
      extensions: { documentErrors: wrong.slice(0, MOST_TOLD) },
    });
  return documents;
}

/** Each id once: the last one counts, as in a map. */
function listedIn(manifest: Manifest): Listed[] {
  const operations: readonly Listed[] = isApollo(manifest)
    ? manifest.operations
    : Object.entries(manifest).map(([id, body]) => ({ id, body }));
  return [...new Map(operations.map((each) => [each.id, each])).values()];
}

type Apollo = Extract<Manifest, { operations: readonly unknown[] }>;
const isApollo = (manifest: Manifest): manifest is Apollo => Array.isArray(manifest.operations);

function documentOf(listed: Listed, schema: GraphQLSchema): TrustedDocument | DocumentError {
  const { id, body } = listed;
  const hash = documentHash(body);
  try {
    const document = parse(body, { maxTokens: MOST_TOKENS });
    const operation = only(document);
    const fault = operation ? faultIn(listed, operation, hash) : 'It must hold one operation.';
    if (!operation || fault !== undefined) return wrongWith(listed, [{ message: fault ?? '', positions: [] }]);
    const name = operation.name?.value ?? '';
    const errors = validate(schema, document, undefined, { maxErrors: MOST_ERRORS });
    if (errors.length > 0) return wrongWith(listed, errors.map(told), name);
    return { id, hash, body, name, kind: kindOf(operation.operation) };
  } catch (error) {
    if (error instanceof GraphQLError) return wrongWith(listed, [told(error)]);
    if (error instanceof RangeError) return wrongWith(listed, [{ message: 'It is nested too deeply.', positions: [] }]);
    throw error;
  }
}

const kindOf = (type: OperationTypeNode) => (type === OperationTypeNode.MUTATION ? 'mutation' : 'query');

function only({ definitions }: DocumentNode): OperationDefinitionNode | undefined {
  const operations = definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return operations.length === 1 ? operations[0] : undefined;
}

/** What the manifest says of a document, and the document does not. */
function faultIn(
  { id, name, type, body }: Listed,
  { operation, name: found }: OperationDefinitionNode,
  hash: string,
): string | undefined {
  if (operation === OperationTypeNode.SUBSCRIPTION) return 'Subscriptions are not supported.';
  if (Buffer.byteLength(body) > MOST_DOCUMENT_BYTES) return `It may hold ${MOST_DOCUMENT_BYTES} bytes.`;
  if (NO_TEXT.test(body)) return 'It holds a character that no text has.';
  // Whoever names a document by its hash must find no other one.
  if (SHA256.test(id) && id !== hash) return 'Its id looks like a SHA-256, and is not the one of its body.';
  if (type !== undefined && type !== kindOf(operation)) return `It is no ${type}.`;
  if (name !== undefined && name !== (found?.value ?? '')) return `Its operation is not named ${name}.`;
  return undefined;
}

const wrongWith = ({ id, name }: Listed, errors: DocumentError['errors'], found = ''): DocumentError => ({
  id,
  name: found || (name ?? null),
  errors,
});

const told = ({ message, locations = [] }: GraphQLError): DocumentError['errors'][number] => ({
  message,
  positions: locations.map(({ line, column }) => ({ line, column })),
});
