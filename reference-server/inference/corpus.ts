import { keyedRandom } from '../../scenarios/random.ts';

/**
 * What the model says: plain ASCII without quotes or backslashes, so that any slice of it is a JSON string as it stands.
 * Written for this project.
 */
const sentences = [
  'A stream is a promise kept in pieces, and each piece has a time at which it was due.',
  'The first piece tells how long the queue was; the gaps between the others tell how busy the machine is.',
  'When two pieces arrive together after a silence, something on the way held one of them back.',
  'Measure from the moment a request should have left, not from the moment it did, or the worst delays will hide.',
  'A mean says little about a page that needs two hundred answers, because the slowest of them decides when it is done.',
  'Keep the clock in one place, count from one start, and write the unit next to every number.',
  'If the load was not delivered, the numbers describe the generator and not the server.',
  'Caches make the second reader fast; the first reader pays for both of them.',
  'A replica that lags answers quickly and sometimes wrongly, which is the worst kind of fast.',
  'Retries turn a small overload into a large one unless somebody counts them.',
  'Ask what changed before asking why it is slow, and keep both answers with the run.',
  'Three verdicts are enough: it is fine, it is not, and we cannot say yet.',
];

export const corpus = sentences.join(' ');
const doubled = `${corpus} ${corpus}`;

/** Where in the corpus the answer to a request begins: by its key, so that the same request has the same answer. */
export function answerOffset(requestKey: string): number {
  return Math.floor(keyedRandom(requestKey, 'text')() * 1_000);
}

/** The answer to a request after so many content events. */
export function answerText(requestKey: string, eventChars: ArrayLike<number> = [], contentEvents: number): string {
  let chars = 0;
  for (let i = 0; i < contentEvents; i += 1) chars += eventChars[i] ?? 0;
  return corpusText(answerOffset(requestKey), chars);
}

/** `length` characters from anywhere; the corpus repeats without end. */
export function corpusText(offset: number, length: number): string {
  const start = offset % (corpus.length + 1);
  if (length <= corpus.length) return doubled.slice(start, start + length);
  return doubled.slice(start).padEnd(length, ` ${corpus}`);
}
