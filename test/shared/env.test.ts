import { port, readEnv, text } from '../../lambdas/shared/env';

test('the environment is read as its shape says, and only that of it', () => {
  expect(readEnv({ HOST: text, PORT: port }, { HOST: 'db', PORT: '5432', OTHER: 'x' })).toEqual({
    HOST: 'db',
    PORT: 5432,
  });
});

test('one error names every variable that is missing or wrong', () => {
  expect(() => readEnv({ HOST: text, NAME: text, PORT: port }, { NAME: '', PORT: 'http' })).toThrow(
    /HOST is missing.*NAME must.*PORT must/,
  );
});

test.each(['0', '65536', '1.5', '-1', 'NaN', ''])('%j is no port', (value) => {
  expect(() => readEnv({ PORT: port }, { PORT: value })).toThrow('PORT');
});

test('an error about the environment shows no value', () => {
  expect(() => readEnv({ SECRET: port }, { SECRET: 'hush' })).toThrow(
    expect.not.objectContaining({ message: expect.stringContaining('hush') }),
  );
});
