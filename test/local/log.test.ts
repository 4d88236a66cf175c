import { readFileSync, statSync } from 'node:fs';
import { openLog } from '../../local/log';
import { captureOutput } from '../support/output';
import { temporaryFolder } from './support';

const folder = temporaryFolder();
const output = captureOutput();

const LINES = [
  '{"level":"INFO","message":"served"}',
  '{"level":"ERROR","message":"request failed","error":{"name":"TypeError","message":"x is not a function","stack":"…"}}',
  'a line of a library',
];

test('a function has all its lines in a file of its own that only its owner can read', () => {
  const log = openLog(`${folder}/logs`);
  for (const line of LINES) log.line('auth', line);
  log.line('graph', 'another');
  expect(readFileSync(`${folder}/logs/auth.log`, 'utf8')).toBe(`${LINES.join('\n')}\n`);
  expect(statSync(`${folder}/logs/auth.log`).mode & 0o777).toBe(0o600);
});

test('the terminal shows failures in a line each, and what is no structured log', () => {
  const log = openLog(`${folder}/logs`);
  for (const line of LINES) log.line('auth', line);
  expect(output.lines()).toEqual([
    '! auth: request failed: TypeError: x is not a function',
    '! auth: a line of a library',
  ]);
});
