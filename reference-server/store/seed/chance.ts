import { hexDigits, keyedRandom } from '../../../scenarios/random.ts';
import { timestampOfMicros } from '../timestamps.ts';
import { words } from './words.ts';

/** Where the seeded past ends: the timestamp of the captured conversation, 2026-01-04T00:55:11.167056Z. */
export const seedEndMicros = 1_767_488_111_167_056;
export const minuteMicros = 60_000_000;
export const dayMicros = 24 * 60 * minuteMicros;

/** Chance of the seed: a pure function of its parts. */
export class Chance {
  readonly #random: () => number;
  constructor(...parts: (string | number)[]) {
    this.#random = keyedRandom(...parts);
  }
  /** A whole number of [from, to]. */
  between(from: number, to: number): number {
    return from + Math.floor(this.#random() * (to - from + 1));
  }
  happens(probability: number): boolean {
    return this.#random() < probability;
  }
  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.#random() * items.length)];
    if (item === undefined) throw new Error('nothing to pick from: the list is empty');
    return item;
  }
  hex(digits: number): string {
    return hexDigits(this.#random, digits);
  }
  /** UUIDv7 of a moment. */
  uuid(micros: number): string {
    const time = Math.floor(micros / 1_000)
      .toString(16)
      .padStart(12, '0');
    const tail = this.hex(19);
    return `${time.slice(0, 8)}-${time.slice(8)}-7${tail.slice(0, 3)}-${this.pick(['8', '9', 'a', 'b'])}${tail.slice(3, 6)}-${tail.slice(6, 18)}`;
  }
  /** `count` words, the common ones more often, as in a text. */
  words(count: number): string {
    let text = '';
    for (let i = 0; i < count; i += 1) {
      const rank = Math.floor(words.length * this.#random() ** 1.6);
      text += i === 0 ? words[rank] : ` ${words[rank]}`;
    }
    return text;
  }
  title(fromWords: number, toWords: number): string {
    return capital(this.words(this.between(fromWords, toWords)));
  }
  /** Sentences of 6 to 16 words. */
  sentences(count: number): string {
    const all: string[] = [];
    for (let i = 0; i < count; i += 1) all.push(`${capital(this.words(this.between(6, 16)))}.`);
    return all.join(' ');
  }
}

/** A moment of the seeded past, up to so many days before its end. */
export function pastMicros(chance: Chance, maxDays: number): number {
  return seedEndMicros - chance.between(1, maxDays * 24 * 60) * minuteMicros - chance.between(0, minuteMicros - 1);
}

export function stamp(micros: number): string {
  return timestampOfMicros(micros);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
