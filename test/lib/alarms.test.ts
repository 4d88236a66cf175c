import { readFileSync } from 'node:fs';
import { STAGE_NAMES } from '../../lib/stages';
import { stages } from '../support/synthesize';
import { at, type Deployed, list, text } from '../support/template';

const ALARM = /^(?<stack>Gatehouse-\w+-\w+) (?<kind>[^:]+): (?<subject>[\w-]+)$/;
const alarmsOf = (deployed: Deployed) =>
  deployed.of('AWS::CloudWatch::Alarm').map(({ Properties }) => ({
    ...Properties,
    name: text(Properties.AlarmName),
    description: text(Properties.AlarmDescription),
    parts: ALARM.exec(text(Properties.AlarmName))?.groups ?? {},
  }));
const everyAlarm = () => STAGE_NAMES.flatMap((name) => alarmsOf(stages[name]));

const runbook = readFileSync('docs/runbook.md', 'utf8');
const sections = runbook.split(/^## /m).slice(1);
const headingOf = (section: string) => section.split('\n', 1)[0] ?? '';

test('every alarm has its page in the runbook, and every page its alarm', () => {
  const kinds = new Set(everyAlarm().map(({ parts }) => parts.kind ?? ''));
  expect(sections.map(headingOf).toSorted()).toEqual([...kinds].toSorted());
});

test('every alarm says what a person loses, and where to read on', () => {
  for (const { description, parts } of everyAlarm())
    expect(description).toMatch(new RegExp(`^[A-Z][^.]+\\. See "${parts.kind}" in docs/runbook\\.md\\.$`));
});

test('every page says what people notice, where to look first and what to do', () => {
  for (const section of sections)
    for (const part of ['**People notice:**', '**First look:**', '**Causes and what to do**', '```sh'])
      expect({ page: headingOf(section), has: section.includes(part) ? part : '' }).toEqual({
        page: headingOf(section),
        has: part,
      });
});

test('the runbook knows the function behind every alarm', () => {
  const subjects = everyAlarm().flatMap(({ parts }) => (parts.subject === 'api' ? [] : (parts.subject ?? '')));
  const table = runbook
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .join('\n');
  const unknown = new Set(
    subjects.filter((subject) => !table.includes(subject.replace(/example-(products|reviews)/, '-$1'))),
  );
  expect([...unknown]).toEqual([]);
});

describe.each(STAGE_NAMES)('every alarm of %s', (name) => {
  test('has a name of its own', () => {
    const names = alarmsOf(stages[name]).map((alarm) => alarm.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(20);
  });

  test('tells when it rings and when it is over', () => {
    for (const { AlarmActions, OKActions } of stages[name]
      .of('AWS::CloudWatch::Alarm')
      .map(({ Properties }) => Properties)) {
      expect(list(AlarmActions).map((action) => stages[name].readable(action))).toEqual(['Alarms']);
      expect(OKActions).toEqual(AlarmActions);
    }
  });

  test('stays quiet when nobody comes', () => {
    const treatments = stages[name]
      .of('AWS::CloudWatch::Alarm')
      .map(({ Properties }) => at(Properties, 'TreatMissingData'));
    expect(new Set(treatments)).toEqual(new Set(['notBreaching']));
  });
});
