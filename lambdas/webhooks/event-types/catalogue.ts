import * as z from 'zod/mini';
import { incompatibilities } from './compat';
import { bytesOf, isShallow } from './json-size';
import { type PayloadFlaw, PayloadSchema, schemaCompiler } from './payload-schema';
import { applyDown, downTo, MOST_VERSIONS_BACK, Transforms } from './transforms';
import { OwnTypeName, TypeName } from './type-name';

const Version = z.int().check(z.gte(1), z.lte(1_000));

const Deprecation = z.strictObject({
  /** The day from which on nothing new should be built on it. */
  since: z.iso.date(),
  note: z.string().check(z.minLength(1), z.maxLength(1_000)),
  /** The type, or the version of this one, that takes its place. */
  replacedBy: z.optional(z.strictObject({ name: TypeName, version: z.optional(Version) })),
});

const LARGEST_EXAMPLE_BYTES = 32_768;
const Example = z.unknown().check(
  z.refine((example) => example !== undefined, 'is missing'),
  z.refine(
    (example) => isShallow(example, 32) && bytesOf(example) <= LARGEST_EXAMPLE_BYTES,
    `must be at most ${LARGEST_EXAMPLE_BYTES} bytes, and 32 levels deep`,
  ),
);

/**
 * One version of an event type. From version 2 on it has either `down`, which makes the version before of its payloads, or
 * `breaking: true`: then there is no way back. A breaking version goes only to endpoints that are pinned to it, to a later
 * one, or to none; endpoints pinned to an older one get the events that are published with the older one, and no new
 * endpoint may be pinned across the break (`pinFault`).
 */
export const EventTypeVersion = z
  .strictObject({
    name: OwnTypeName,
    version: Version,
    description: z.string().check(z.maxLength(2_000)),
    schema: PayloadSchema,
    example: Example,
    down: z.optional(Transforms),
    breaking: z.optional(z.literal(true)),
    deprecated: z.optional(Deprecation),
  })
  .check(({ value: { version, down, breaking }, issues }) => {
    const say = (path: string, message: string) => issues.push({ code: 'custom', path: [path], message, input: path });
    if (version === 1 && down) say('down', 'leads nowhere: there is no version before 1');
    if (version === 1 && breaking) say('breaking', 'breaks nothing: there is no version before 1');
    if (version > 1 && !down && !breaking)
      say('version', 'needs `down`, which makes the version before, or `breaking: true`');
    if (down && breaking) say('down', 'has no place beside `breaking`');
  });
export type EventTypeVersion = z.output<typeof EventTypeVersion>;

/** The versions of one type, oldest first. */
export const versionsOf = (all: readonly EventTypeVersion[], name: string): readonly EventTypeVersion[] =>
  all.filter((each) => each.name === name).toSorted((left, right) => left.version - right.version);

/** The newest version, which a publisher means who names none. */
export const latestOf = (all: readonly EventTypeVersion[], name: string): EventTypeVersion | undefined =>
  versionsOf(all, name).at(-1);

/** What is wrong with an endpoint's wish for a version, or nothing. */
export function pinFault(all: readonly EventTypeVersion[], name: string, pin: number): string | undefined {
  const versions = versionsOf(all, name);
  const latest = versions.at(-1)?.version;
  if (latest === undefined) return 'names a type that is not in the catalogue';
  if (!versions.some(({ version }) => version === pin)) return 'names a version that is not in the catalogue';
  if (latest - pin > MOST_VERSIONS_BACK) return `must be one of the last ${MOST_VERSIONS_BACK + 1} versions`;
  return downTo(versions, latest, pin) ? undefined : 'is older than a version that breaks with it';
}

export interface CatalogueFlaw extends PayloadFlaw {
  /** @default its own members are wrong */
  readonly cause?: 'number' | 'incompatible';
}

/**
 * What speaks against taking a version into the catalogue: its number, a schema that breaks with the one it replaces, an
 * example that is not valid, or whose way down is not valid there. Paths are JSON Pointers into the version.
 */
export async function admissionFlaws(
  all: readonly EventTypeVersion[],
  next: EventTypeVersion,
): Promise<readonly CatalogueFlaw[]> {
  const versions = versionsOf(all, next.name);
  const latest = versions.at(-1)?.version ?? 0;
  if (next.version > latest + 1)
    return [{ path: '/version', detail: `must be at most ${latest + 1}, the next one`, cause: 'number' }];
  const replaced = versions.find(({ version }) => version === next.version);
  const broken = replaced ? breaks(replaced, next) : [];
  const before = versions.find(({ version }) => version === next.version - 1);
  const after = versions.find(({ version }) => version === next.version + 1);
  return [
    ...broken,
    ...(await exampleFlaws(next)),
    ...(before ? await downFlaws(next, before) : []),
    ...(after ? await downFlaws(after, next) : []),
  ];
}

function breaks(before: EventTypeVersion, after: EventTypeVersion): CatalogueFlaw[] {
  const flaws = incompatibilities(before.schema, after.schema);
  const ofSchema = flaws.map(({ path, detail }) => ({
    path: `/schema${path}`,
    detail,
    cause: 'incompatible' as const,
  }));
  if (!after.breaking || before.breaking) return ofSchema;
  return [
    ...ofSchema,
    { path: '/breaking', detail: 'was not breaking before: endpoints may be pinned', cause: 'incompatible' },
  ];
}

async function exampleFlaws({ schema, example }: EventTypeVersion): Promise<readonly CatalogueFlaw[]> {
  const check = (await schemaCompiler())(schema);
  return check(example).map(({ path, detail }) => ({ path: `/example${path}`, detail }));
}

/** The example of the newer version, brought down, must be a payload of the older one. */
async function downFlaws(newer: EventTypeVersion, older: EventTypeVersion): Promise<readonly CatalogueFlaw[]> {
  if (!newer.down) return [];
  const check = (await schemaCompiler())(older.schema);
  return check(applyDown(newer.example, newer.down)).map(({ path, detail }) => ({
    path: '/down',
    detail: `makes of the example of version ${newer.version} no payload of version ${older.version}: ${path} ${detail}`,
  }));
}
