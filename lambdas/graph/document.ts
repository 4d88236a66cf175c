import { documentHash } from '../shared/graph/documents';
import type { GraphSettings } from '../shared/graph/settings';
import { type KnownOperations, quietly } from './known';
import type { GraphRequest } from './request';
import { RequestError } from './request-error';
import { UNSURE } from './trusted';

/** The document that a request means. */
export interface Document {
  readonly query: string;
  /** Its hash, where the operator wants to hear of documents that no client has published, and this is one. */
  readonly unknown?: string;
}

/** Whether it may run is not known yet; what it is, where that is. */
interface Unsure {
  readonly query: string | undefined;
  readonly isUnsure: true;
}

/** Says which documents clients have published. */
export type Published = (name: string) => Promise<string | undefined | typeof UNSURE>;

interface Sources {
  readonly known: Pick<KnownOperations, 'document'>;
  readonly published: Published;
}

type Mode = GraphSettings['documents'];
type Found = Document | Unsure | RequestError;

/** Finds the document of a request, sent or named, where the settings let it run. */
export async function documentOf(request: GraphRequest, mode: Mode, sources: Sources): Promise<Found> {
  const { query, hash } = request;
  if (query === undefined) return named(request, mode, sources);
  if (hash !== undefined && documentHash(query) !== hash) return MISMATCH;
  if (mode === 'open') return { query };
  if (mode === 'ids-only') return ID_REQUIRED;
  const its = hash ?? documentHash(query);
  const found = await published(its, mode, sources);
  // Nothing is made of a text that may be nobody's.
  if (found === UNSURE) return { query: mode === 'known-only' ? undefined : query, isUnsure: true };
  if (found !== undefined) return { query };
  return mode === 'known-only' ? UNKNOWN : { query, unknown: its };
}

/** Published under this name; of an automatic persisted query the one that was sent before with its hash. */
async function named({ hash, documentId }: GraphRequest, mode: Mode, sources: Sources): Promise<Found> {
  const query = await published(documentId ?? hash ?? '', mode, sources);
  // By its hash it is the same document, whoever has sent it.
  if (query === UNSURE) return { query: hash && (await sources.known.document(hash)), isUnsure: true };
  if (query !== undefined) return { query };
  if (documentId !== undefined || hash === undefined || !isOpen(mode)) return UNKNOWN;
  const sent = await sources.known.document(hash);
  if (sent === undefined) return NOT_FOUND;
  return mode === 'open' ? { query: sent } : { query: sent, unknown: hash };
}

/** Who runs anything does not wait for a store that is away; who runs published documents alone does without none. */
const published = (name: string, mode: Mode, sources: Sources) =>
  isOpen(mode) ? quietly(sources.published(name)) : sources.published(name);

const isOpen = (mode: Mode) => mode === 'open' || mode === 'log-unknown';

const problem = (message: string, code: string, kind?: 'document') =>
  new RequestError([{ message, extensions: { code } }], kind);
const NOT_FOUND = problem('PersistedQueryNotFound', 'PERSISTED_QUERY_NOT_FOUND');
const MISMATCH = problem('provided sha does not match query', 'PERSISTED_QUERY_MISMATCH');
const UNKNOWN = problem('No client has published this document.', 'UNKNOWN_DOCUMENT', 'document');
const ID_REQUIRED = problem(
  'Name a published document by documentId, in place of its text.',
  'DOCUMENT_ID_REQUIRED',
  'document',
);
