import type { Author, Tx } from '../shared/access/change';
import { subjectOf } from '../shared/access/principal';
import { refuse } from '../shared/errors';
import { DOCUMENTS, type Manifest, type Manifests, NO_MANIFESTS } from '../shared/graph/documents';
import { changeSettings, type Write } from '../shared/http/change-settings';
import { etag } from '../shared/http/request';
import { Answer, type Operations } from '../shared/http/route';
import type { Versioned } from '../shared/settings/kind';
import { lockSettings, storedSettings } from '../shared/settings/stored-settings';
import { deleteDocuments, documentsOfClient, replaceDocuments, takenId } from './document-rows';
import type { documentRoutes } from './documents-contract';
import { documentsOf, type TrustedDocument } from './manifest';
import type { Deps } from './registry';
import { latest } from './rows';

const MOST_CLIENTS = 100;

type Stored = Versioned<Manifests>;
type Call = Author & { readonly params: { readonly client: string }; readonly ifMatch?: number | undefined };

export const trustedDocuments = (
  deps: Pick<Deps, 'changes' | 'redis' | 'askToPlan' | 'nowMs'>,
): Operations<typeof documentRoutes> => {
  const { changes, redis, askToPlan, nowMs } = deps;
  const stored = { changes, redis, kind: DOCUMENTS, deployed: NO_MANIFESTS };
  /** One change of a client's documents, and of the list of manifests with it. */
  const change = (call: Call, work: (tx: Tx, before: Stored, write: Write<Manifests>) => Promise<Stored>) =>
    changeSettings(stored, async (write) =>
      changes.change(call, {}, async (tx) => {
        await lockSettings(tx, DOCUMENTS);
        const before = await storedSettings(tx, DOCUMENTS, NO_MANIFESTS);
        mustMatch(manifestOf(before, call.params.client), call.ifMatch);
        return work(tx, before, write);
      }),
    );
  return {
    async listDocumentManifests({ principal }) {
      const { settings } = await changes.read({ principal }, (sql) => storedSettings(sql, DOCUMENTS, NO_MANIFESTS));
      return { items: settings.manifests };
    },

    async getDocumentManifest({ principal, params: { client } }) {
      return changes.read({ principal }, async (sql) => {
        const found = manifestOf(await storedSettings(sql, DOCUMENTS, NO_MANIFESTS), client) ?? refuse('not_found');
        return new Answer({ ...found, documents: await documentsOfClient(sql, client) }, { etag: etag(found.version) });
      });
    },

    async publishDocuments(call) {
      const { principal, params, body } = call;
      const graph = await changes.read({ principal }, latest);
      const documents = documentsOf(body, graph?.schema || refuse('conflict', 'no subgraph is published yet'));
      const publication = {
        client: params.client,
        operations: documents.length,
        publishedAt: new Date(nowMs()).toISOString(),
        publishedBy: subjectOf(principal),
      };
      let changed = true;
      const { after, inForceWithinSeconds } = await change(call, async (tx, before, write) => {
        changed = !(await isSame(tx, before, params.client, documents));
        return changed ? published(tx, before, publication, { documents, write }) : before;
      });
      const manifest = manifestOf(after, params.client) ?? refuse('internal');
      if (changed) await askToPlan?.();
      return new Answer({ ...manifest, changed, inForceWithinSeconds }, { etag: etag(manifest.version) });
    },

    async deleteDocuments(call) {
      const { client } = call.params;
      const { inForceWithinSeconds } = await change(call, async (tx, before, write) => {
        const gone = manifestOf(before, client) ?? refuse('not_found');
        await deleteDocuments(tx, client);
        tx.audit({ action: 'documents.deleted', target: `documents:${client}`, before: auditable(gone) });
        return write(tx, { version: before.version + 1, settings: { manifests: others(before, client) } });
      });
      return { inForceWithinSeconds };
    },
  };
};

const manifestOf = ({ settings }: Stored, client: string) =>
  settings.manifests.find((manifest) => manifest.client === client);
const others = ({ settings }: Stored, client: string) =>
  settings.manifests.filter((manifest) => manifest.client !== client);

function mustMatch(before: Manifest | undefined, ifMatch: number | undefined): void {
  const version = before?.version ?? 0;
  if (ifMatch !== undefined && ifMatch !== version)
    refuse('precondition_failed', `the manifest is at version ${version}`);
}

/** The same documents by the same ids: nothing needs to be forgotten for them. */
async function isSame(tx: Tx, before: Stored, client: string, documents: readonly TrustedDocument[]): Promise<boolean> {
  if (!manifestOf(before, client)) return false;
  const known = new Map((await documentsOfClient(tx, client)).map(({ id, hash }) => [id, hash]));
  return known.size === documents.length && documents.every(({ id, hash }) => known.get(id) === hash);
}

interface Publishing {
  readonly documents: readonly TrustedDocument[];
  readonly write: Write<Manifests>;
}

async function published(
  tx: Tx,
  before: Stored,
  publication: Omit<Manifest, 'version'>,
  { documents, write }: Publishing,
): Promise<Stored> {
  const { client } = publication;
  const rest = others(before, client);
  if (rest.length >= MOST_CLIENTS) refuse('conflict', `there may be ${MOST_CLIENTS} manifests`);
  const taken = await takenId(tx, client, documents);
  if (taken) refuse('conflict', `by ${taken.id} the client ${taken.client} means another document`);
  await replaceDocuments(tx, client, documents);
  const version = before.version + 1;
  const manifest = { ...publication, version };
  const old = manifestOf(before, client);
  tx.audit({
    action: 'documents.published',
    target: `documents:${client}`,
    ...(old && { before: auditable(old) }),
    after: auditable(manifest),
  });
  const manifests = [...rest, manifest].toSorted((a, b) => (a.client < b.client ? -1 : 1));
  return write(tx, { version, settings: { manifests } });
}

/** The audit itself says when and by whom. */
const auditable = ({ version, operations }: Manifest) => ({ version, operations });
