import * as fc from 'fast-check';
import { parse } from '../../../lambdas/shared/parse';
import { type Context, MasterKeys, openEnvelope } from '../../../lambdas/webhooks/signing/envelope';

const master = (...ids: readonly string[]) =>
  MasterKeys.parse(JSON.stringify({ keys: ids.map((id) => ({ id, secret: id.repeat(32) })) }));
const envelope = openEnvelope(master('b', 'a'));
const CONTEXT = ['organisation', 'endpoint'];

test('what was sealed opens in its context, whatever it is', () => {
  const contexts = fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 });
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), contexts, contexts, (text, context, other) => {
      const sealed = envelope.seal(text, context);
      expect(envelope.open(sealed, context)).toBe(text);
      const isSame = JSON.stringify(context) === JSON.stringify(other);
      if (!isSame) expect(() => envelope.open(sealed, other)).toThrow('another context');
    }),
  );
});

test.each<[string, Context]>([
  ['another organisation', ['else', 'endpoint']],
  ['words cut elsewhere', ['organisatio', 'nendpoint']],
  ['a word more', [...CONTEXT, '']],
  ['no words', []],
])('what was sealed for one does not open for %s', (_, context) => {
  expect(() => envelope.open(envelope.seal('secret', CONTEXT), context)).toThrow('another context');
});

test('one altered character anywhere is found out', () => {
  const sealed = envelope.seal('secret', CONTEXT);
  for (let at = 0; at < sealed.length; at += 1) {
    const altered = sealed.slice(0, at) + (sealed[at] === 'A' ? 'Q' : 'A') + sealed.slice(at + 1);
    expect(() => envelope.open(altered, CONTEXT)).toThrow(/altered|no sealed text|not known/);
  }
  for (const cut of [sealed.slice(0, -4), `${sealed}.`, '', sealed.replace(/\.[^.]*$/, '.'), `${sealed}AAAA`])
    expect(() => envelope.open(cut, CONTEXT)).toThrow(/altered|no sealed text|not known/);
});

test('the text and the wrapped key of two seals cannot be put together', () => {
  const [one, two] = [envelope.seal('one', CONTEXT), envelope.seal('two', CONTEXT)].map((text) => text.split('.'));
  const mixed = [...(one ?? []).slice(0, 3), two?.[3]].join('.');
  expect(() => envelope.open(mixed, CONTEXT)).toThrow('altered');
});

test('the same text is never sealed alike, and the seal does not show it', () => {
  const seals = Array.from({ length: 100 }, () => envelope.seal('whsec_secret', CONTEXT));
  expect(new Set(seals).size).toBe(100);
  expect(seals.join()).not.toContain(Buffer.from('whsec').toString('base64url'));
});

test('a master key that gave way still opens, and says that its seals are outdated', () => {
  const before = openEnvelope(master('a')).seal('secret', CONTEXT);
  expect(envelope.open(before, CONTEXT)).toBe('secret');
  expect(envelope.isOutdated(before)).toBe(true);
  expect(envelope.isOutdated(envelope.seal('secret', CONTEXT))).toBe(false);
});

test('without its master key nothing opens, nor with another of its name', () => {
  const sealed = envelope.seal('secret', CONTEXT);
  expect(() => openEnvelope(master('a')).open(sealed, CONTEXT)).toThrow('the master key "b" is not known');
  const other = openEnvelope({ keys: [{ id: 'b', secret: 'x'.repeat(32) }] });
  expect(() => other.open(sealed, CONTEXT)).toThrow('altered');
});

test.each([
  ['no JSON', 'secret'],
  ['no keys', '{"keys":[]}'],
  ['a short secret', '{"keys":[{"id":"a","secret":"short"}]}'],
  ['an id with a dot', `{"keys":[{"id":"a.b","secret":"${'s'.repeat(32)}"}]}`],
  ['an id twice', `{"keys":[{"id":"a","secret":"${'s'.repeat(32)}"},{"id":"a","secret":"${'t'.repeat(32)}"}]}`],
])('master keys with %s are refused, without a word of them', (_, text) => {
  const parsed = parse(MasterKeys, text);
  expect(parsed.ok).toBe(false);
  expect(JSON.stringify(parsed)).not.toMatch(/sss|short"/);
});
