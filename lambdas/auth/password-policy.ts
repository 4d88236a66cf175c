import { refuse } from '../shared/errors';

const SHORTEST = 10;
const LONGEST = 256;
/** Of 0 to 4: safely unguessable, 10^8 guesses and more. */
const LEAST_SCORE = 3;
/** The estimator's time grows with the square of the length (0.8 s at 256); what is strong is so within this many. */
const ESTIMATED = 64;
const LONGEST_INPUT = 100;
const MOST_INPUTS = 50;

interface Estimator {
  check(password: string, userInputs?: string[]): { readonly score: number };
}

let estimator: Promise<Estimator> | undefined;

/** 57,000 leaked passwords and common words, and the patterns of people: 0.1 s to load, where a password is set and nowhere else. */
async function load(): Promise<Estimator> {
  const [{ ZxcvbnFactory }, { dictionary, adjacencyGraphs }] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
  ]);
  return new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs, maxLength: ESTIMATED });
}

/** What everybody would try here. */
const HOUSE = ['gatehouse'];

/** What people make of a name or an address: its parts, and its parts put together. */
function wordsOf(text: string): string[] {
  const [local = text] = text.split('@', 1);
  const parts = local.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  return [text, local, ...parts, ...['', '.', '-', '_'].map((separator) => parts.join(separator))];
}

/**
 * Refuses a new password that is short, known from leaks, or easily guessed by who knows its owner.
 * @param field of the body, for the caller to mend
 * @param own the owner's name, email address and the like
 */
export async function requireStrong(password: string, field: string, own: readonly string[]): Promise<void> {
  const length = Array.from(password).length;
  if (length < SHORTEST) return weak(field, `must have at least ${SHORTEST} characters`);
  if (length > LONGEST) return weak(field, `must have at most ${LONGEST} characters`);
  estimator ??= load();
  const inputs = [...HOUSE, ...own.flatMap(wordsOf)].map((text) => text.slice(0, LONGEST_INPUT));
  // Compatibility forms are the same password to the hash.
  const { score } = (await estimator).check(password.normalize('NFKC'), inputs.slice(0, MOST_INPUTS));
  if (score < LEAST_SCORE)
    return weak(field, 'is known from leaks or easily guessed: several unrelated words are better');
}

const weak = (name: string, detail: string): never =>
  refuse('bad_request', `body: ${name} ${detail}`, { extensions: { errors: [{ in: 'body', name, detail }] } });
