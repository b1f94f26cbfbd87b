/** How much data is seeded. Counts are of the first organization unless they say otherwise; the second has a tenth, at least one. */
export interface SeedSize {
  /** Members beside the owner, `user-0@` to `user-<n-1>@example.com`. */
  users: number;
  conversations: number;
  /** Messages of each conversation on average, on the current path and its branches. */
  messagesEach: number;
  projects: number;
  artifacts: number;
  versionsEach: number;
  /** Of each conversation that has files: every fourth. */
  filesEach: number;
  syncItemsEach: number;
}

export const defaultSize: Readonly<SeedSize> = {
  users: 4,
  conversations: 200,
  messagesEach: 6,
  projects: 12,
  artifacts: 24,
  versionsEach: 3,
  filesEach: 3,
  syncItemsEach: 8,
};

/** Our choice: what is seeded within a minute and held in memory. 20,000 conversations take about 4 s and 0.5 GB. */
const largest: Readonly<SeedSize> = {
  users: 10_000,
  conversations: 100_000,
  messagesEach: 1_000,
  projects: 10_000,
  artifacts: 100_000,
  versionsEach: 1_000,
  filesEach: 1_000,
  syncItemsEach: 10_000,
};
const largestRows = 1_000_000;
/** Counts that multiply into rows of one table. */
const products: readonly (readonly [keyof SeedSize, keyof SeedSize])[] = [
  ['conversations', 'messagesEach'],
  ['conversations', 'filesEach'],
  ['artifacts', 'versionsEach'],
  ['projects', 'users'],
];
/** What a factor scales: how much an organization has, not how large each thing is. */
const scaled = ['conversations', 'projects', 'artifacts'] as const;
const names = Object.keys(defaultSize) as (keyof SeedSize)[];

interface SizeFault {
  path: string;
  message: string;
}

/**
 * A size as it is written: a factor on the default's conversations, projects and artifacts (`10`, `0.5`), or counts in place of the default's
 * (`conversations=2000,messagesEach=12`, or an object of them). Every fault with its path, or the whole size.
 */
export function readSize(given: unknown): { size: SeedSize } | { faults: SizeFault[] } {
  const expected = `expected a factor above 0, or counts: ${names.map((name) => `${name}=<number>`).join(',')}`;
  const value = typeof given === 'string' ? fromText(given) : given;
  if (typeof value === 'number') {
    if (!(value > 0 && Number.isFinite(value))) return { faults: [{ path: '/size', message: `"${String(given)}" is no size; ${expected}` }] };
    return checked(Object.fromEntries(scaled.map((name) => [name, Math.max(1, Math.round(defaultSize[name] * value))])));
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return { faults: [{ path: '/size', message: `"${String(given)}" is no size; ${expected}` }] };
  return checked(value as Record<string, unknown>);
}

/** Numbers where they are; what is none stays text, for its fault. */
function fromText(text: string): unknown {
  if (!text.includes('=')) return text.trim() === '' ? Number.NaN : Number(text);
  const parts = text.split(',').map((part) => part.split('=').map((side) => side.trim()));
  return Object.fromEntries(parts.map(([name = '', count = '', ...more]) => [name, /^\d+$/.test(count) && more.length === 0 ? Number(count) : count]));
}

function checked(counts: Record<string, unknown>): { size: SeedSize } | { faults: SizeFault[] } {
  const faults: SizeFault[] = [];
  const size: SeedSize = { ...defaultSize };
  for (const [name, count] of Object.entries(counts)) {
    const known = names.find((one) => one === name);
    if (known === undefined) faults.push({ path: `/size/${name}`, message: `"${name}" is no count; there are ${names.join(', ')}` });
    else if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > largest[known])
      faults.push({ path: `/size/${name}`, message: `"${String(count)}" is not a whole number from 0 to ${largest[known]}` });
    else size[known] = count;
  }
  if (faults.length === 0) {
    for (const [each, many] of products) {
      const rows = size[each] * size[many];
      if (rows > largestRows) faults.push({ path: `/size/${many}`, message: `${each} times ${many} is ${rows}, more than ${largestRows}: lower one of them` });
    }
  }
  return faults.length > 0 ? { faults } : { size };
}
