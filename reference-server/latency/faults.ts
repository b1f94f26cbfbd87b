/** One thing wrong in a profile: where (`classes.crud.total.p50`), and what was given, what was expected, what to do. */
export interface ProfileFault {
  path: string;
  message: string;
}

/** Every fault of a profile at once. Programs match `code`. */
export class ProfileError extends Error {
  readonly code: 'invalid_profile' | 'unknown_profile';
  readonly faults: readonly ProfileFault[];
  constructor(code: ProfileError['code'], heading: string, faults: readonly ProfileFault[]) {
    super([heading, ...faults.map((fault) => `  ${fault.path === '' ? '(top)' : fault.path}: ${fault.message}`)].join('\n'));
    this.name = 'ProfileError';
    this.code = code;
    this.faults = faults;
  }
}

/** Collects faults while a profile is read, so that reading goes on after the first. */
export class Faults {
  readonly list: ProfileFault[] = [];

  add(path: string, message: string): undefined {
    this.list.push({ path, message });
    return undefined;
  }

  /** The value as an object with only these keys; undefined, and a fault, when it is not an object. Unknown keys are faults. */
  object(value: unknown, path: string, knownKeys: readonly string[], what: string): Record<string, unknown> | undefined {
    if (!isRecord(value)) return this.add(path, `given ${show(value)}, expected ${what} with ${knownKeys.join(', ')}`);
    this.unknownKeys(value, path, knownKeys, 'key');
    return value;
  }

  unknownKeys(value: Record<string, unknown>, path: string, knownKeys: readonly string[], what: string): void {
    for (const key of Object.keys(value)) {
      if (knownKeys.includes(key)) continue;
      const near = nearest(key, knownKeys);
      this.add(join(path, key), `unknown ${what} "${key}"${near === undefined ? `; known: ${knownKeys.join(', ')}` : `; did you mean "${near}"?`}`);
    }
  }

  /** A finite number in [min, max]; undefined, and a fault, when it is not. */
  number(value: unknown, path: string, min: number, max: number, what: string): number | undefined {
    if (typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max) return value;
    return this.add(path, `given ${show(value)}, expected ${what} from ${min} to ${max}`);
  }

  integer(value: unknown, path: string, min: number, max: number, what: string): number | undefined {
    const number = this.number(value, path, min, max, what);
    return number === undefined || Number.isInteger(number) ? number : this.add(path, `given ${number}, expected a whole number`);
  }

  choice<T extends string>(value: unknown, path: string, choices: readonly T[]): T | undefined {
    const found = choices.find((choice) => choice === value);
    return found ?? this.add(path, `given ${show(value)}, expected one of: ${choices.join(', ')}`);
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

export function join(path: string, key: string | number): string {
  return path === '' ? String(key) : `${path}.${key}`;
}

/** A value as a message shows it: short, one line. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The candidate that a typo most likely meant: at most a third of its letters away, and at least one edit is allowed. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(swap, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
