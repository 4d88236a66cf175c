import { readFileSync } from 'node:fs';
import { STAGE_NAMES, stageOf } from '../../lib/stages';

const guide = readFileSync('docs/deploy.md', 'utf8');

/** Settings by their dotted names. */
const flat = (value: object, prefix = ''): [string, string][] =>
  Object.entries(value).flatMap(([key, member]: [string, unknown]) =>
    typeof member === 'object' && member !== null
      ? flat(member, `${prefix}${key}.`)
      : [[`${prefix}${key}`, String(member)] satisfies [string, string]],
  );

const ofStage = STAGE_NAMES.map((name) => Object.fromEntries(flat(stageOf(name))));
const settings = [...new Set(ofStage.flatMap((stage) => Object.keys(stage)))].filter(
  // The figures of plans have a page of their own (test/shared/limits/docs.test.ts).
  (name) => name !== 'name' && !name.startsWith('limits.'),
);
const row = (...cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const table = [
  row('setting', ...STAGE_NAMES),
  row(...['', ...STAGE_NAMES].map(() => '---')),
  ...settings.map((name) => row(`\`${name}\``, ...ofStage.map((stage) => stage[name] ?? ''))),
].join('\n');

test('the guide’s table of settings is what the stages are', () => {
  expect(guide).toContain(table);
});

test.each(['alarmEmail', 'domain.name', 'domain.certificateArn', 'issuers', 'firstAdmin'])(
  'the guide names %s, which no stage sets by itself',
  (name) => {
    expect(settings).not.toContain(name);
    expect(guide).toContain(`\`${name}\``);
  },
);
