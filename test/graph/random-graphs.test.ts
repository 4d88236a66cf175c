import type { GatewayAnswer } from '../support/federation/apollo-side';
import {
  type Case,
  noRejections,
  type Rejections,
  randomCase,
  randomSetting,
  type Setting,
  settingOf,
} from '../support/federation/cases';
import { NO_FAULTS } from '../support/federation/faults';
import { namedGraphs } from '../support/federation/named-graphs';
import { seededRandom } from '../support/federation/random';
import { randomGraph } from '../support/federation/random-graph';

const OPERATIONS = 16;

const rejections: Rejections = noRejections();
let settings: Setting[];
let cases: Case[];

beforeAll(() => {
  const random = [1, 2, 3, 4, 5, 6].map((seed) => randomSetting(seed, rejections));
  settings = [...namedGraphs().map(settingOf), ...random];
  cases = settings.flatMap((setting) =>
    Array.from({ length: OPERATIONS }, (_, number) => randomCase(setting, number, rejections)),
  );
});

const named = (name: string): Setting => {
  const found = settings.find(({ graph }) => graph.name === name);
  if (found === undefined) throw new Error(`there is no graph ${name}`);
  return found;
};

test('a seed gives the same graph, and a number the same operation over it', () => {
  const again = randomSetting(3);
  const first = settings.find(({ graph }) => graph.supergraphSdl === again.graph.supergraphSdl);
  expect(first).toBeDefined();
  if (first === undefined) return;
  for (const number of [0, 1, 2]) {
    expect(randomCase(again, number).operation).toEqual(randomCase(first, number).operation);
  }
  expect(randomGraph(seededRandom(4)).supergraphSdl).not.toBe(again.graph.supergraphSdl);
});

test('operations reach every kind of plan node and of answer, and little is drawn in vain', async () => {
  const met = new Map<string, number>();
  for (const one of cases) {
    const answer = await one.setting.apollo.run(one.operation, one.subgraphs, one.plan);
    for (const feature of [...features(one), ...outcomes(answer)]) met.set(feature, (met.get(feature) ?? 0) + 1);
  }
  const wanted = [
    ...Object.keys({ ...PLAN_FEATURES, ...VARIABLE_FEATURES }),
    ...OPERATION_FEATURES.map(([name]) => name),
    ...OUTCOMES,
  ];
  expect(wanted.filter((feature) => !met.has(feature))).toEqual([]);
  expect(rejections.graphs.length).toBeLessThan(settings.length / 10);
  expect(rejections.operations.length).toBeLessThan(cases.length / 10);
  expect(rejections.plans.length).toBeLessThan(cases.length / 10);
});

test('the same operation over the same world gives the same answer, whatever was asked before', async () => {
  for (const { setting, operation, plan, faults } of cases.slice(0, 60)) {
    const [first, second] = [setting.world(7, faults), setting.world(7, faults)];
    expect(await setting.apollo.run(operation, first, plan)).toEqual(await setting.apollo.run(operation, second, plan));
  }
});

test('an entity is the same by whichever key and from whichever subgraph it is asked for', async () => {
  const { apollo, world } = named('key chain');
  const query = '{ items { id one three four { note } cost } fours { deep { id code sku region one three cost } } }';
  let met = 0;
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const answer = await apollo.run({ query, variables: {} }, world(seed));
    expect(answer.errors).toBeUndefined();
    const seen = new Map<unknown, Record<string, unknown>>();
    for (const item of objectsWith('id', answer.data)) {
      const known = seen.get(item['id']) ?? {};
      expect(item).toMatchObject(commonPart(known, item));
      seen.set(item['id'], { ...known, ...item });
    }
    met += seen.size;
  }
  expect(met).toBeGreaterThan(5);
});

test('what a field requires is read from the representation', async () => {
  const { freight } = named('requires of requires').world(1, NO_FAULTS);
  const id = 'Good-id-1';
  const good = { __typename: 'Good', id, weight: 1.5, size: { w: 1, h: 2 }, price: 3 };
  const ask = (representations: unknown[]) =>
    freight?.execute({
      query:
        'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Good { freight } } }',
      variables: { representations },
    });
  const answer = await ask([good, { ...good, weight: 2.5 }, good, { ...good, id: 'Good-id-unknown' }]);
  expect(answer?.errors).toBeUndefined();
  const entities = entitiesOf(answer?.data);
  expect(entities[0]).toEqual(entities[2]);
  expect(entities[0]).not.toEqual(entities[1]);
  expect(entities[3]).toBeNull();
});

test('an entity that is wrong is wrong every time that it is asked for', async () => {
  const { users } = named('provides on a path').world(5, { lostEntities: 0.3, brokenReferences: 0.3, errors: 0.3 });
  const query =
    'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { name age } } }';
  const ask = async (numbers: number[]) =>
    users?.execute({ query, variables: { representations: numbers.map(refer) } });
  const together = await ask([0, 1, 2, 3, 4, 5, 0, 1]);
  const alone = await ask([1]);
  expect(entitiesOf(together?.data)[1]).toEqual(entitiesOf(alone?.data)[0]);
  expect(entitiesOf(together?.data)[7]).toEqual(entitiesOf(alone?.data)[0]);
  expect(together?.errors?.length).toBeGreaterThan(0);
});

const PLAN_FEATURES: Readonly<Record<string, RegExp>> = {
  Flatten: /"kind":"Flatten"/,
  Parallel: /"kind":"Parallel"/,
  Sequence: /"kind":"Sequence"/,
  Condition: /"kind":"Condition"/,
  requires: /"requires":\[/,
  inputRewrites: /"inputRewrites":\[/,
  outputRewrites: /"outputRewrites":\[/,
  KeyRenamer: /"kind":"KeyRenamer"/,
  ValueSetter: /"kind":"ValueSetter"/,
  'a list of lists': /"@","@"/,
  mutation: /"operationKind":"mutation"/,
  variables: /"variableUsages":\["/,
};

const VARIABLE_FEATURES: Readonly<Record<string, (operation: Case['operation']) => boolean>> = {
  'a variable that is null': ({ variables }) => Object.values(variables).includes(null),
  'a variable that is missing': ({ query, variables }) =>
    (query.match(/\$v\d+: /g) ?? []).length > Object.keys(variables).length,
  'an input object': ({ variables }) => JSON.stringify(variables).includes('"must"'),
};

const OPERATION_FEATURES = [
  ['a named fragment', /^fragment /m],
  ['an inline fragment', /\.\.\. on /],
  ['an alias', /\b[xyz]: /],
  ['__typename by another name', /kindOf: __typename/],
  ['@skip', /@skip/],
  ['@include by a variable', /@include\(if: \$/],
  ['a default', /\$v\d+: [^,)]+ = /],
  ['two operations', /query Other/],
] as const;

function features({ plan, operation }: Case): string[] {
  const printed = JSON.stringify(plan);
  const ofPlan = Object.entries(PLAN_FEATURES).filter(([, pattern]) => pattern.test(printed));
  const ofOperation = OPERATION_FEATURES.filter(([, pattern]) => pattern.test(operation.query));
  const ofVariables = Object.entries(VARIABLE_FEATURES).filter(([, has]) => has(operation));
  return [...ofPlan, ...ofOperation, ...ofVariables].map(([name]) => name);
}

const OUTCOMES = ['errors', 'errors with codes', 'nulls', 'no data', 'valueCompletion', 'a subgraph that is down'];

function outcomes({ data, errors = [], extensions }: GatewayAnswer): string[] {
  const met: Readonly<Record<string, boolean>> = {
    errors: errors.length > 0,
    'errors with codes': errors.some((error) => error.extensions?.['code'] === 'FORBIDDEN'),
    nulls: JSON.stringify(data ?? {}).includes(':null'),
    'no data': data === null,
    valueCompletion: extensions?.['valueCompletion'] !== undefined,
    'a subgraph that is down': errors.some(({ message }) => message.endsWith('does not answer')),
  };
  return OUTCOMES.filter((name) => met[name]);
}

/** Every object with this field, at any depth. */
function objectsWith(field: string, value: unknown): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.values(value).flatMap((inner: unknown) => objectsWith(field, inner));
  return field in value ? [{ ...value }, ...below] : below;
}

const commonPart = (known: Record<string, unknown>, item: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(known).filter(([name]) => name in item));

const refer = (number: number) => ({ __typename: 'User', id: `User-id-${number}` });

function entitiesOf(data: Readonly<Record<string, unknown>> | null | undefined): unknown[] {
  const entities = data?.['_entities'];
  return Array.isArray(entities) ? entities : [];
}
