import { refuse } from '../../shared/errors';
import { parse } from '../../shared/parse';
import type { EventType, Listed, NewVersion } from '../contracts/event-types';
import { type EventTypeRecord, PLATFORM } from '../records/event-type';
import { EventTypeVersion } from './catalogue';

interface Named {
  readonly name: string;
  readonly version: number;
}

/** The version as it is to stand in the catalogue. Refuses one whose parts do not go together. */
export function newRecord(
  owner: string,
  { name, version }: Named,
  { validation = 'enforce', description = '', ...rest }: NewVersion,
  before: EventTypeRecord | undefined,
  nowMs: number,
): EventTypeRecord {
  const parsed = parse(EventTypeVersion, { ...rest, description, name, version });
  if (!parsed.ok) {
    const errors = parsed.wrong.map((each) => ({ in: 'body', ...each }));
    const detail = errors.map((each) => `${each.name} ${each.detail}`).join('; ');
    return refuse('bad_request', `body: ${detail}`, { extensions: { errors } });
  }
  return { owner, type: parsed.value, validation, createdAtMs: before?.createdAtMs ?? nowMs, updatedAtMs: nowMs };
}

const time = (ms: number) => new Date(ms).toISOString();

/** What a line of the list says. */
export function listedType({ owner, type, validation, createdAtMs, updatedAtMs }: EventTypeRecord): Listed {
  return {
    name: type.name,
    version: type.version,
    catalogue: owner === PLATFORM ? 'platform' : 'own',
    description: type.description,
    breaking: type.breaking ?? false,
    deprecated: type.deprecated ?? null,
    validation,
    createdAt: time(createdAtMs),
    updatedAt: time(updatedAtMs),
  };
}

export function typeView(record: EventTypeRecord): EventType {
  const { schema, example, down } = record.type;
  return { ...listedType(record), schema, example, down: down ?? null };
}

/** As the audit keeps it: all that says what is valid. */
export function auditedType({ type, validation }: EventTypeRecord): Readonly<Record<string, unknown>> {
  const { example: _, ...rest } = type;
  return { ...rest, validation };
}
