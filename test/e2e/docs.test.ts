import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gateway, tokenOf } from '../support/gateway';

const FOLDERS = ['docs/identity', 'docs/webhooks'];
const pages = [
  'docs/graphql.md',
  'docs/limits.md',
  'docs/subgraphs.md',
  ...FOLDERS.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  ),
];
const BLOCK = /^```sh\n(.*?)^```$/gms;

/** A page's commands in the order in which a reader comes to them. */
const commandsOf = (page: string) =>
  [...readFileSync(page, 'utf8').matchAll(BLOCK)].map(([, commands = '']) => commands).join('\n');

test('there are pages with commands', () => {
  expect(pages.filter((page) => commandsOf(page) !== '').length).toBeGreaterThan(3);
});

test.each(pages)('every command of %s works when pasted into a shell', async (page) => {
  const { stdout, stderr } = await promisify(execFile)('bash', ['-euc', commandsOf(page)], {
    env: {
      ...process.env,
      URL: gateway.url,
      TOKEN: await tokenOf('admin'),
      PASSWORD: gateway.password,
      API_KEY: gateway.apiKey,
    },
  });
  expect(`${stdout}${stderr}`).not.toMatch(/"code":"internal"|SyntaxError/);
});
