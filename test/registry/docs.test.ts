import { readFileSync } from 'node:fs';
import { BOUNDS } from '../../lambdas/registry/compose-apart';
import { MOST_SDL_BYTES, registryRoutes } from '../../lambdas/registry/contract';
import { MOST_DOCUMENT_BYTES, MOST_DOCUMENTS, MOST_MANIFEST_BYTES } from '../../lambdas/registry/documents-contract';
import { settingFields } from '../../lambdas/registry/settings';
import { MOST_ANSWER_BYTES, TIMEOUT_MS } from '../../lambdas/shared/graph/subgraph-settings';

const page = readFileSync('docs/subgraphs.md', 'utf8');

test('every route is in the page with its permission', () => {
  const missing = Object.values(registryRoutes)
    .map(({ method, path, permission }) => `| \`${method} ${path}\` | \`${permission}\` |`)
    .filter((row) => !page.includes(row));
  expect(missing).toEqual([]);
});

const worded = (count: number) => count.toLocaleString('en-US');

test('the page says the bounds', () => {
  expect(page).toContain(`| ${worded(MOST_SDL_BYTES)} bytes`);
  expect(page).toContain(`${worded(MOST_DOCUMENTS)} documents, ${worded(MOST_MANIFEST_BYTES)} bytes |`);
  expect(page).toContain(`| ${worded(MOST_DOCUMENT_BYTES)} bytes`);
  expect(page).toContain(`${BOUNDS.milliseconds / 1_000} s to compose, or more than ${BOUNDS.megabytes / 1_000} GB`);
});

test('the page says the settings, and what they are without being said', () => {
  const rows = Object.keys(settingFields).filter((name) => !page.includes(`| \`${name}\` |`));
  expect(rows).toEqual([]);
  expect(page).toContain(`whole | ${TIMEOUT_MS.toLocaleString('en-US')} |`);
  expect(page).toContain(`| ${MOST_ANSWER_BYTES.toLocaleString('en-US')} |`);
});
