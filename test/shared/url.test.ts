import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Url, urlOf } from '../../lambdas/shared/url';

test.each(['https://bücher.example/', 'https://local\u00adhost/', 'https://日本.example/'])(
  '%s is a URL however often that is asked',
  (text) => {
    for (let asked = 0; asked < 20_000; asked += 1)
      if (!urlOf(text) || !Url.safeParse(text).success) throw new Error(`none when asked for time ${asked}`);
    expect(urlOf(text)?.protocol).toBe('https:');
  },
);

test.each(['', 'bücher', 'https://', 'https://[::1'])('%j is none', (text) => {
  expect(urlOf(text)).toBeUndefined();
  expect(Url.safeParse(text).success).toBe(false);
});

test('nothing that runs asks URL.canParse, which errs once it is optimised, nor lets zod ask', () => {
  const files = readdirSync('lambdas', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const asking = files.filter((file) => /URL\.canParse\(|z\.url\(\)/.test(readFileSync(join('lambdas', file), 'utf8')));
  expect(asking).toEqual([]);
});
