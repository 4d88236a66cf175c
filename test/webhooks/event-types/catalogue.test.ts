import { parse } from '../../../lambdas/shared/parse';
import {
  admissionFlaws,
  EventTypeVersion,
  latestOf,
  pinFault,
  versionsOf,
} from '../../../lambdas/webhooks/event-types/catalogue';
import { isOurs, OwnTypeName, TypeName } from '../../../lambdas/webhooks/event-types/type-name';

const made = (version: number, more: object = {}) =>
  EventTypeVersion.parse({
    name: 'invoice.paid',
    version,
    description: '',
    schema: { type: 'object', required: [`v${version}`], properties: { [`v${version}`]: { type: 'integer' } } },
    example: { [`v${version}`]: 1 },
    ...(version > 1 && { down: [{ rename: { from: `v${version}`, to: `v${version - 1}` } }] }),
    ...more,
  });
const breaking = (version: number) => made(version, { down: undefined, breaking: true });
const four = [made(3), made(1), made(4), made(2)];

test.each([
  ['invoice.paid', true],
  ['invoice', true],
  ['a_b-c.0', true],
  ['a.b.c.d.e.f.g.h', true],
  ['a.b.c.d.e.f.g.h.i', false],
  ['Invoice.paid', false],
  ['invoice.', false],
  ['.paid', false],
  ['invoice..paid', false],
  ['invoice.*', false],
  ['', false],
  ['x'.repeat(128), true],
  ['x'.repeat(129), false],
])('%s as the name of a type: %s', (name, isName) => {
  expect(TypeName.safeParse(name).success).toBe(isName);
});

test('names of the platform are known, and no tenant can take them', () => {
  expect(isOurs('gatehouse.endpoint.disabled')).toBe(true);
  expect(isOurs('gatehouses.x')).toBe(false);
  expect(OwnTypeName.safeParse('gatehouse.endpoint.disabled').success).toBe(false);
});

test.each<[object, string]>([
  [{ version: 0 }, 'version must be at least 1'],
  [{ version: 1, down: [] }, 'down leads nowhere: there is no version before 1'],
  [{ version: 1, breaking: true }, 'breaking breaks nothing: there is no version before 1'],
  [{ version: 2 }, 'version needs `down`, which makes the version before, or `breaking: true`'],
  [{ version: 2, down: [], breaking: true }, 'down has no place beside `breaking`'],
  [{ version: 1, example: undefined }, 'example is missing'],
  [{ version: 1, deprecated: { since: 'soon', note: 'x' } }, 'deprecated.since must be a valid date'],
])('%j is refused', (more, detail) => {
  const parsed = parse(EventTypeVersion, { name: 'a.b', description: '', schema: {}, example: {}, ...more });
  expect(parsed.ok ? [] : parsed.wrong.map((each) => `${each.name} ${each.detail}`)).toEqual([detail]);
});

test('an example is of bounded size and depth', () => {
  const deep: unknown = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
  for (const example of [deep, 'x'.repeat(32_767)])
    expect(EventTypeVersion.safeParse({ ...made(1), example }).success).toBe(false);
});

test('versions come in their order, and the newest is the latest, deprecated or not', () => {
  const deprecated = { since: '2026-01-01', note: 'Use invoice.settled', replacedBy: { name: 'invoice.settled' } };
  const all = [made(2, { deprecated }), { ...made(3), name: 'other' }, made(1)];
  expect(versionsOf(all, 'invoice.paid').map(({ version }) => version)).toEqual([1, 2]);
  expect(latestOf(all, 'invoice.paid')?.deprecated).toEqual(deprecated);
  expect(latestOf(all, 'none')).toBeUndefined();
});

test.each<[string, readonly EventTypeVersion[], pin: number, fault: string | undefined]>([
  ['the latest', four, 4, undefined],
  ['two back', four, 2, undefined],
  ['three back', four, 1, 'must be one of the last 3 versions'],
  ['one that is to come', four, 5, 'names a version that is not in the catalogue'],
  ['an unknown type', [], 1, 'names a type that is not in the catalogue'],
  ['behind a break', [made(1), breaking(2)], 1, 'is older than a version that breaks with it'],
  ['the break itself', [made(1), breaking(2), made(3)], 2, undefined],
])('pinned to %s', (_, versions, pin, fault) => {
  expect(pinFault(versions, 'invoice.paid', pin)).toBe(fault);
});

test('a version is taken where its example is valid, and leads down to a valid one', async () => {
  expect(await admissionFlaws([], made(1))).toEqual([]);
  expect(await admissionFlaws([made(1)], made(2))).toEqual([]);
  expect(await admissionFlaws([made(1)], breaking(2))).toEqual([]);
});

test('an example that is not valid is told where', async () => {
  expect(await admissionFlaws([], made(1, { example: { v1: 'x' } }))).toEqual([
    { path: '/example/v1', detail: 'must be integer' },
  ]);
});

test('a way down that makes no payload of the older version is refused', async () => {
  expect(await admissionFlaws([made(1)], made(2, { down: [{ remove: 'v2' }] }))).toEqual([
    {
      path: '/down',
      detail: "makes of the example of version 2 no payload of version 1:  must have required property 'v1'",
    },
  ]);
});

test('no number is left out', async () => {
  expect(await admissionFlaws([made(1)], made(3))).toEqual([
    { path: '/version', detail: 'must be at most 2, the next one', cause: 'number' },
  ]);
});

test('an incompatible schema needs a new number', async () => {
  const wider = { schema: { type: 'object', properties: { v1: { type: 'number' } } } };
  expect(await admissionFlaws([made(1)], made(1, wider))).toEqual([
    { path: '/schema/required', detail: 'no longer holds v1', cause: 'incompatible' },
    { path: '/schema/properties/v1/type', detail: 'takes number, which it did not before', cause: 'incompatible' },
  ]);
  expect(await admissionFlaws([made(1)], made(1, { description: 'Better words' }))).toEqual([]);
});

test('a version does not break with the one before once it is there, nor with the way down of the one after', async () => {
  expect(await admissionFlaws([made(1), made(2)], breaking(2))).toEqual([
    { path: '/breaking', detail: 'was not breaking before: endpoints may be pinned', cause: 'incompatible' },
  ]);
  const narrower = {
    schema: { ...made(1).schema, properties: { v1: { type: 'integer', maximum: 0 } } },
    example: { v1: 0 },
  };
  expect(await admissionFlaws([made(1), made(2)], made(1, narrower))).toEqual([
    { path: '/down', detail: 'makes of the example of version 2 no payload of version 1: /v1 must be <= 0' },
  ]);
});
