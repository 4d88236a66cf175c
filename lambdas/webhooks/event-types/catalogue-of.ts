import type { Older } from '../publishing/body-for';
import { kept } from '../publishing/kept';
import { type EventTypeRecord, PLATFORM } from '../records/event-type';
import type { EventTypes } from '../stores/event-types';
import { type CheckPayload, schemaCompiler } from './payload-schema';
import { downTo, MOST_VERSIONS_BACK, type Transforms } from './transforms';

/** The types that a tenant's events may be of: its own, and the operator's. A name of its own hides the operator's. */
export interface TenantCatalogue {
  /** The versions of one type, oldest first; none of a type that nobody has described. */
  versions(name: string): readonly EventTypeRecord[];
}

/** The catalogue of a tenant, as it was at most two seconds ago. */
export type CatalogueOf = (organisation: string) => Promise<TenantCatalogue>;

/** Of tenants; what one may hold is bounded (event-types.ts). */
const MOST_OWNERS = 100;

type ByName = ReadonlyMap<string, readonly EventTypeRecord[]>;

export function catalogueOf(types: EventTypes, nowMs: () => number): CatalogueOf {
  const ofOwner = kept({
    most: MOST_OWNERS,
    versionOf: (owner) => types.routingVersion(owner),
    read: async (owner) => byName(await types.list(owner)),
    nowMs,
  });
  return async (organisation) => {
    const [own, common] = await Promise.all([ofOwner(organisation), ofOwner(PLATFORM)]);
    return { versions: (name) => own.get(name) ?? common.get(name) ?? [] };
  };
}

/** The store lists them by name and number. */
function byName(all: readonly EventTypeRecord[]): ByName {
  const names = new Map<string, EventTypeRecord[]>();
  for (const record of all) {
    const { name } = record.type;
    const versions = names.get(name) ?? [];
    versions.push(record);
    names.set(name, versions);
  }
  return names;
}

const checks = new WeakMap<EventTypeRecord, CheckPayload>();

/** The check of a version's payloads: it is compiled when it is first needed, and goes with the catalogue. */
export async function checkOf(record: EventTypeRecord): Promise<CheckPayload> {
  const before = checks.get(record);
  if (before) return before;
  const check = (await schemaCompiler())(record.type.schema);
  checks.set(record, check);
  return check;
}

/** How payloads of a version become those of the versions before it. */
export function olderOf(records: readonly EventTypeRecord[], from: number): Older {
  const versions = records.map(({ type }) => type);
  let reach = from;
  while (versions.find(({ version }) => version === reach)?.down) reach -= 1;
  const down: Record<string, Transforms> = {};
  for (let version = from - 1; version >= Math.max(reach, from - MOST_VERSIONS_BACK); version -= 1) {
    const transforms = downTo(versions, from, version);
    if (transforms) down[String(version)] = transforms;
  }
  return { reach, down };
}
