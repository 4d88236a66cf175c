import { randomInt } from 'node:crypto';
import { flag, number, object, text } from '../json';

/** Secrets Manager's character types; its punctuation is all of ASCII's. */
const TYPES = {
  ExcludeLowercase: 'abcdefghijklmnopqrstuvwxyz',
  ExcludeUppercase: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  ExcludeNumbers: '0123456789',
  ExcludePunctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
} as const;

const pick = (characters: string) => characters.charAt(randomInt(characters.length));

/** Fisher-Yates: the types that are required must not stand at known places. */
function shuffle(characters: readonly string[]): string {
  const shuffled: string[] = [];
  for (const character of characters) shuffled.splice(randomInt(shuffled.length + 1), 0, character);
  return shuffled.join('');
}

/**
 * A password as GetRandomPassword makes it.
 * @param options PasswordLength (32), Exclude*, IncludeSpace, RequireEachIncludedType (true)
 */
export function randomPassword(options: Readonly<Record<string, unknown>>): string {
  const excluded = text(options.ExcludeCharacters) ?? '';
  const allowed = (characters: string) =>
    characters.replace(/./gs, (character) => (excluded.includes(character) ? '' : character));
  const types = Object.entries(TYPES)
    .filter(([option]) => !flag(options[option]))
    .map(([, characters]) => allowed(characters))
    .filter((characters) => characters !== '');
  const every = types.join('') + (flag(options.IncludeSpace) ? allowed(' ') : '');
  if (every === '') throw new Error('GenerateSecretString excludes every character.');
  const required = (options.RequireEachIncludedType ?? true) === false ? [] : types.map(pick);
  const rest = Array.from({ length: Math.max(0, (number(options.PasswordLength) ?? 32) - required.length) }, () =>
    pick(every),
  );
  return shuffle([...required, ...rest]);
}

/** The value CloudFormation gives a new secret from its GenerateSecretString. */
export function generateSecretString(options: Readonly<Record<string, unknown>>): string {
  const password = randomPassword(options);
  const key = text(options.GenerateStringKey);
  const template = text(options.SecretStringTemplate);
  if (key === undefined || template === undefined) return password;
  return JSON.stringify({ ...object(JSON.parse(template)), [key]: password });
}
