/** What is chosen of a board's variables, in all the ways that the sweep tries. */
import type { Board } from '../../harness/dash/board/board.ts';
import { allOption } from '../../harness/dash/board/interpolate.ts';
import type { TimeRange } from '../../harness/dash/board/time-range.ts';
import { type DataSource, type ResolvedVariable, resolveVariables, type VariableAnswer } from '../../harness/dash/board/variables.ts';
import { keyedRandom } from '../../scenarios/random.ts';
import type { PrometheusClient } from './live-prometheus.ts';

/** Scrape interval of a run, which the boards' data source has in Grafana as well. */
export const scrapeMs = 1_000;
const dataSources: readonly DataSource[] = [{ uid: 'prometheus', name: 'Prometheus', type: 'prometheus' }];
const seed = 1;
/** Values of a variable that go into the pairs, beside "All". */
const pairedValues = 3;

export type Wanted = Readonly<Record<string, readonly string[]>>;

export interface Selection {
  /** `as it opens`, `service=chat`, ... */
  name: string;
  wanted: Wanted;
  /** As the board opens, and what has "All" instead of something: everything has to show something there. */
  whole: boolean;
}

/** Resolves a board's variables as Grafana does; answers of Prometheus are kept. */
export function resolver(prometheus: PrometheusClient, range: TimeRange) {
  const answers = new Map<string, Promise<VariableAnswer>>();
  return (board: Board, wanted: Wanted): Promise<ResolvedVariable[]> =>
    resolveVariables(board.variables, {
      ...{ wanted, range, scrapeMs, dataSources },
      ask(question) {
        const key = JSON.stringify(question);
        const known = answers.get(key) ?? prometheus.variable(question, range);
        answers.set(key, known);
        return known;
      },
    });
}

/** Each variable alone over all its values, and a seeded set in which every pair of the chosen values meets. */
export function selectionsOf(variables: readonly ResolvedVariable[]): Selection[] {
  // What is computed out of others (the shift of Compare) follows them.
  const free = variables.filter(
    ({ variable, options, question }) => variable.type !== 'datasource' && question?.kind !== 'query' && (options.length > 0 || variable.includeAll),
  );
  const valuesOf = ({ variable, options }: ResolvedVariable): string[] => [...(variable.includeAll ? [allOption] : []), ...options.map(({ value }) => value)];
  const alone = free.flatMap((variable) =>
    valuesOf(variable).map((value): Selection => ({ name: `${variable.name}=${value}`, wanted: { [variable.name]: [value] }, whole: value === allOption })),
  );
  const pairs = coveringPairs(Object.fromEntries(free.map((variable) => [variable.name, someOf(valuesOf(variable), variable.name)])));
  return [
    { name: 'as it opens', wanted: {}, whole: true },
    ...alone,
    ...pairs.map(
      (row): Selection => ({
        name: Object.entries(row)
          .map(([name, value]) => `${name}=${value}`)
          .join(' '),
        wanted: Object.fromEntries(Object.entries(row).map(([name, value]) => [name, [value]])),
        whole: false,
      }),
    ),
  ];
}

function someOf(values: readonly string[], name: string): string[] {
  const next = keyedRandom(seed, name);
  const inOrder = values
    .filter((value) => value !== allOption)
    .map((value) => ({ value, at: next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);
  return [...values.filter((value) => value === allOption), ...inOrder.slice(0, pairedValues)];
}

/** Rows in which every two values of every two variables meet, each row made to meet as many new pairs as it can. */
export function coveringPairs(values: Readonly<Record<string, readonly string[]>>): Record<string, string>[] {
  const names = Object.keys(values);
  const left = new Set<string>();
  const pair = (a: string, va: string, b: string, vb: string): string => (a < b ? `${a}=${va}&${b}=${vb}` : `${b}=${vb}&${a}=${va}`);
  for (const [index, a] of names.entries())
    for (const b of names.slice(index + 1)) for (const va of values[a] ?? []) for (const vb of values[b] ?? []) left.add(pair(a, va, b, vb));
  const rows: Record<string, string>[] = [];
  while (left.size > 0) {
    const [first = ''] = left;
    const row: Record<string, string> = Object.fromEntries(
      first.split('&').map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
    );
    for (const name of names) {
      if (row[name] !== undefined) continue;
      const gain = (value: string): number => Object.entries(row).filter(([other, chosen]) => left.has(pair(name, value, other, chosen))).length;
      row[name] = (values[name] ?? []).reduce((best, value) => (gain(value) > gain(best) ? value : best), values[name]?.[0] ?? '');
    }
    for (const [index, a] of names.entries()) for (const b of names.slice(index + 1)) left.delete(pair(a, row[a] ?? '', b, row[b] ?? ''));
    rows.push(row);
  }
  return rows;
}
