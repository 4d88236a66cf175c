import { copyOf, merge, share } from './merge';
import type { Represent } from './representations';
import type { Batch, Data, GraphError, Path, Run, SubgraphAnswer } from './run';
import { isObject } from './run';

/** The entities of one fetch: each representation once, with all the objects that it stands for. */
export interface Group {
  readonly representation: string;
  readonly objects: Data[];
}

/** An object that stands at several places is one of the entities once. */
export function groupsOf(entities: readonly Data[], represent: Represent): Group[] {
  const groups = new Map<string, Group>();
  for (const entity of new Set(entities)) {
    const representation = represent(entity);
    if (representation === undefined) continue;
    const group = groups.get(representation);
    if (group) group.objects.push(entity);
    else groups.set(representation, { representation, objects: [entity] });
  }
  return [...groups.values()];
}

/** Puts an answered entity into the objects that it was asked for. */
export function put(entity: Data, { objects }: Group): void {
  const [first] = objects;
  if (!entity.__typename) entity.__typename = first?.__typename;
  if (objects.length > 1) share(entity);
  for (const object of objects) merge(object, entity);
}

type Send = (representations: readonly string[]) => Promise<SubgraphAnswer>;

/** What a fetch is answered, with the place of each of its groups in it. */
export interface Answered {
  readonly answer: SubgraphAnswer;
  readonly indices: readonly number[];
  readonly taken: Set<number>;
}

/** A fetch of entities, as it meets others. */
export interface Meeting {
  /** The same for fetches that ask the same. */
  readonly key: string;
  /** Whether the plan has others that may ask the same, somewhere else in the response. */
  readonly mayMeet: boolean;
  readonly send: Send;
}

/** Asks for these entities, in one request with all that ask the same at this time. */
export async function together(run: Run, groups: readonly Group[], meeting: Meeting): Promise<Answered> {
  const { key, send } = meeting;
  const batch = run.waiting?.get(key) ?? newBatch(run, meeting);
  batch.fetches += 1;
  const indices = groups.map(({ representation }) => {
    const known = batch.indices.get(representation);
    if (known !== undefined) return known;
    batch.indices.set(representation, batch.representations.length);
    return batch.representations.push(representation) - 1;
  });
  const answer = await batch.answer;
  const hasFailed = !Array.isArray(answer.data?._entities);
  // What one fetch asked for may have failed the others': each is asked for by itself, as if they had never met.
  if (hasFailed && batch.fetches > 1 && !answer.isAway) return alone(groups, send);
  return { answer, indices, taken: batch.taken };
}

async function alone(groups: readonly Group[], send: Send): Promise<Answered> {
  const answer = await send(groups.map(({ representation }) => representation));
  return { answer, indices: groups.map((_, index) => index), taken: new Set() };
}

/**
 * Turns of the event loop: other parts of the plan that are under way may ask the same, and answers that come at one time
 * are read in several turns. It takes no time that a caller would notice; a millisecond at each level of a query did.
 */
const LINGER_TURNS = 8;

function newBatch(run: Run, { key, mayMeet, send }: Meeting): Batch {
  const representations: string[] = [];
  const answer = new Promise<SubgraphAnswer>((resolve) => {
    const go = () => {
      run.waiting?.delete(key);
      resolve(send(representations));
    };
    const wait = (turns: number): void => {
      setImmediate(() => {
        if (mayMeet && run.inFlight > 0 && turns > 0) wait(turns - 1);
        else go();
      });
    };
    wait(LINGER_TURNS);
  });
  const batch: Batch = { representations, indices: new Map(), taken: new Set(), fetches: 0, answer };
  run.waiting ??= new Map();
  run.waiting.set(key, batch);
  return batch;
}

/** The entity for one of those who asked: the first one takes it, others get copies, as they may go on with it differently. */
export function take(taken: Set<number>, entities: readonly unknown[], index: number): Data | undefined {
  const entity = entities[index];
  if (!isObject(entity)) return undefined;
  if (!taken.has(index)) {
    taken.add(index);
    return entity;
  }
  const copy = copyOf(entity);
  return isObject(copy) ? copy : undefined;
}

/** Where objects of the response stand, by what leads to them: only looked for when there is an error to tell. */
export function placesOf(data: unknown, path: readonly string[]): Map<Data, Path[]> {
  const places = new Map<Data, Path[]>();
  walk(data, path, 0, [], (object, place) => {
    const known = places.get(object);
    if (known) known.push(place);
    else places.set(object, [place]);
  });
  return places;
}

function walk(
  value: unknown,
  path: readonly string[],
  index: number,
  place: Path,
  found: (object: Data, place: Path) => void,
): void {
  if (Array.isArray(value)) {
    const next = path[index] === '@' ? index + 1 : index;
    for (const [at, element] of value.entries()) walk(element, path, next, [...place, at], found);
    return;
  }
  if (!isObject(value)) return;
  const step = path[index];
  if (step === undefined) found(value, place);
  else walk(value[step], path, index + 1, [...place, step], found);
}

/** An error about one entity is an error at all places where it stands; the rest of its path goes on from there. */
export function errorsAt(
  errors: readonly GraphError[],
  path: readonly string[],
  placesOfEntity: (index: number) => readonly Path[],
): GraphError[] {
  return errors.flatMap((error) => {
    const index = error.path?.[1];
    if (!error.path || typeof index !== 'number') return [below(path, error)];
    const rest = error.path.slice(2);
    return placesOfEntity(index).map((place) => ({ ...error, path: [...place, ...rest] }));
  });
}

/** As far as a path leads, to an error that says no more. */
export const below = (path: readonly string[], error: GraphError): GraphError =>
  error.path ? { ...error, path: [...path, ...error.path] } : error;
