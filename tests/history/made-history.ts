import type { History, HistoryRow } from '../../harness/gate/history/history-line.ts';
import { keyedRandom } from '../../scenarios/random.ts';

export interface MadeHistory {
  seed: number;
  series: number;
  points: number;
  /** Standard deviation of the logarithm of each point. */
  noise: number;
  /** The first series is slower by this ratio from point `from` on, until `to`. */
  step?: { from: number; to?: number; ratio: number };
}

/** Gates against one pinned base. Commits are 40 digits that begin with the point's number. */
export function madeHistory({ seed, series, points, noise, step }: MadeHistory): History {
  const random = keyedRandom(seed, 'made history');
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const rows = Array.from({ length: points }, (_, point): HistoryRow => {
    const level = (index: number): number => (index === 0 && step && point >= step.from && point < (step.to ?? points) ? Math.log(1 + step.ratio) : 0);
    const ratios = Object.fromEntries(
      Array.from({ length: series }, (_, index) => [`crud: op${index} latency p50`, Math.exp(level(index) + normal() * noise)]),
    );
    return {
      schema: 'plumbline.history/1',
      kind: 'gate',
      id: `gate-${point}`,
      at: new Date(Date.UTC(2026, 0, 1 + point)).toISOString(),
      commit: commitOf(point),
      subject: `Change ${point} <b>`,
      plumbline: '0.1.0',
      machine: { cpu: 'Some CPU', cores: 2 },
      base: { label: 'git:v1.0', commit: 'f'.repeat(40) },
      verdict: 'pass',
      values: Object.fromEntries(Object.entries(ratios).map(([name, ratio]) => [name, ratio * 40])),
      ratios,
    };
  });
  return { rows, accepted: [] };
}

export function commitOf(point: number): string {
  return `${String(point).padStart(7, 'a')}${'0'.repeat(33)}`;
}
