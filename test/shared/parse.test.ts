import * as z from 'zod/mini';
import { parse } from '../../lambdas/shared/parse';

const cases: [string, z.ZodMiniType, unknown, string, string][] = [
  ['a missing property', z.object({ a: z.string() }), {}, 'a', 'is missing'],
  ['an unknown property', z.strictObject({}), { b: 1 }, 'b', 'is not known here'],
  ['an unknown property deep inside', z.object({ a: z.strictObject({}) }), { a: { b: 1 } }, 'a.b', 'is not known here'],
  ['a wrong type', z.object({ a: z.string() }), { a: 1 }, 'a', 'must be of type string'],
  ['an empty text', z.object({ a: z.string().check(z.minLength(1)) }), { a: '' }, 'a', 'must be at least 1 characters'],
  ['a long text', z.object({ a: z.string().check(z.maxLength(2)) }), { a: 'abc' }, 'a', 'must be at most 2 characters'],
  [
    'a short list',
    z.object({ a: z.array(z.int()).check(z.minLength(2)) }),
    { a: [1] },
    'a',
    'must be at least 2 items',
  ],
  ['a number too small', z.object({ a: z.number().check(z.gte(5)) }), { a: 4 }, 'a', 'must be at least 5'],
  [
    'a number off its step',
    z.object({ a: z.number().check(z.multipleOf(5)) }),
    { a: 4 },
    'a',
    'must be a multiple of 5',
  ],
  ['a malformed format', z.object({ a: z.uuid() }), { a: 'x' }, 'a', 'must be a valid uuid'],
  ['none of the choices', z.object({ a: z.enum(['x', 'y']) }), { a: 'z' }, 'a', 'must be one of: x, y'],
  ['an item of a list', z.object({ a: z.array(z.int()) }), { a: [1, 'b'] }, 'a.1', 'must be of type number'],
  ['no object at all', z.object({}), null, '', 'must be of type object'],
  ['a check of one’s own', z.object({ a: z.string().check(z.refine(() => false)) }), { a: 'x' }, 'a', 'is not valid'],
];

test.each(cases)('%s is named with what is wrong with it', (_, schema, input, name, detail) => {
  expect(parse(schema, input)).toEqual({ ok: false, wrong: [{ name, detail }] });
});

test('what is right comes back as the schema makes it', () => {
  const upper = z.pipe(
    z.string(),
    z.transform((text: string) => text.toUpperCase()),
  );
  expect(parse(z.object({ a: upper }), { a: 'x', b: 1 })).toEqual({ ok: true, value: { a: 'X' } });
});

test('a sentence never repeats the value: it may be a secret', () => {
  const parsed = parse(z.object({ a: z.int(), b: z.uuid(), c: z.enum(['x']) }), { a: 'hush', b: 'hush', c: 'hush' });
  expect(JSON.stringify(parsed)).not.toContain('hush');
});
