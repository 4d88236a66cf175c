import { refuse } from '../../shared/errors';
import type { EventTypeRecord } from '../records/event-type';
import { admissionFlaws, type EventTypeVersion } from './catalogue';

/** What one catalogue may hold: whoever publishes keeps all of it in memory. */
const MOST_VERSIONS = 200;
const MOST_BYTES = 1_048_576;

/** Refuses a version that may not stand in this catalogue, or not in place of the one that does. */
export async function assertAdmitted(all: readonly EventTypeRecord[], next: EventTypeVersion): Promise<void> {
  const flaws = await admissionFlaws(
    all.map(({ type }) => type),
    next,
  );
  const [first] = flaws;
  if (!first) return;
  if (first.cause === 'number') refuse('conflict', `version ${first.detail}`);
  const broken = flaws.filter(({ cause }) => cause === 'incompatible');
  if (broken.length > 0)
    refuse('incompatible', `${broken.length} of its changes break those who read version ${next.version}`, {
      extensions: { incompatibilities: broken.map(({ path, detail }) => ({ path, detail })) },
    });
  const errors = flaws.map(({ path, detail }) => ({ in: 'body', name: path.slice(1).replaceAll('/', '.'), detail }));
  refuse('bad_request', `body: ${errors.map(({ name, detail }) => `${name} ${detail}`).join('; ')}`, {
    extensions: { errors },
  });
}

export function assertRoom(all: readonly EventTypeRecord[], next: EventTypeRecord): void {
  const isOther = ({ type }: EventTypeRecord) => type.name !== next.type.name || type.version !== next.type.version;
  const others = all.filter(isOther);
  if (others.length >= MOST_VERSIONS) refuse('conflict', `a catalogue has at most ${MOST_VERSIONS} versions of types`);
  if (Buffer.byteLength(JSON.stringify([...others, next])) > MOST_BYTES)
    refuse('conflict', `a catalogue holds at most ${MOST_BYTES} bytes`);
}
