/**
 * Seeded chance that is a pure function of its parts: the same parts give the same numbers in the server, in every driver and in k6.
 * FNV-1a over the parts feeds the state of sfc32 (Doty-Humphrey, PractRand); not for secrets.
 */

/** Uniform numbers in [0, 1) with 32 bits, an endless sequence. Parts are joined with a separator, so ('a', 'bc') differs from ('ab', 'c'). */
export function keyedRandom(...parts: (string | number)[]): () => number {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  let hash = 0x811c9dc5;
  const text = parts.join('\u0000');
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  // A second pass from the other end, so that 64 bits of state depend on the text.
  let other = 0xcbf29ce4;
  for (let i = text.length - 1; i >= 0; i -= 1) {
    other = Math.imul(other ^ text.charCodeAt(i), 0x85ebca6b);
    other ^= other >>> 13;
  }
  a ^= hash;
  b ^= other;
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i += 1) next();
  return next;
}

/** `count` hexadecimal digits from a sequence. */
export function hexDigits(random: () => number, count: number): string {
  let text = '';
  while (text.length < count)
    text += Math.floor(random() * 0x10000)
      .toString(16)
      .padStart(4, '0');
  return text.slice(0, count);
}

/** A UUID of version 4 from a sequence: for ids that a run makes up and must be able to make again. */
export function seededUuid(random: () => number): string {
  const hex = hexDigits(random, 32);
  const variant = '89ab'[Math.floor(random() * 4)];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
