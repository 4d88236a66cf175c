import { readFileSync } from 'node:fs';
import { admissionFlaws, EventTypeVersion } from '../../lambdas/webhooks/event-types/catalogue';
import { ANNOTATIONS, ASSERTIONS, OF_ONE, OF_SEVERAL } from '../../lambdas/webhooks/event-types/schema-keywords';
import { applyDown } from '../../lambdas/webhooks/event-types/transforms';

const GUIDE = readFileSync('docs/webhooks/event-types.md', 'utf8');
const versions = [...GUIDE.matchAll(/```json version\n([^]*?)```/g)].map(([, text = '']) =>
  EventTypeVersion.parse(JSON.parse(text)),
);

test('the versions of the guide would be taken, one after the other', async () => {
  expect(versions.map(({ version }) => version)).toEqual([1, 2]);
  for (const [index, version] of versions.entries())
    expect(await admissionFlaws(versions.slice(0, index), version)).toEqual([]);
});

test('the newer example becomes the older one', () => {
  const [first, second] = versions;
  expect(applyDown(second?.example, second?.down ?? [])).toEqual(first?.example);
});

test('the guide names every keyword that a schema may use', () => {
  const [, table = ''] = /## Schemas([^]*?)\n\n(?=Any other)/.exec(GUIDE) ?? [];
  const named = [...table.matchAll(/`([^`]+)`/g)].map(([, keyword = '']) => keyword);
  const known = [
    ...Object.keys(ASSERTIONS),
    ...Object.keys(ANNOTATIONS),
    ...OF_ONE,
    ...OF_SEVERAL,
    'properties',
    '$ref',
  ];
  expect(named.toSorted()).toEqual(known.toSorted());
});
