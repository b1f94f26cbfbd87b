import type { GateView } from '../gate/gate.ts';
import { printable } from '../report/text-lines.ts';

/** A line an epoch, with the metric that has slowed most so far. What a side has said is in them, so nothing of it is obeyed by who reads them. */
export function gateView(print: (line: string) => void = console.log): GateView {
  const say = (line: string): void => print(printable(line));
  return {
    say,
    epoch(record, estimate) {
      const name = `${record.kind === 'pilot' ? 'pilot ' : ''}epoch ${record.index + 1}: ${Math.round(record.durationMs / 1_000)} s`;
      if (record.faults.length > 0) {
        say(`${name}  invalid: ${record.faults.map(({ side, text }) => (side === undefined ? text : `${side}: ${text}`)).join('; ')}`);
        return;
      }
      const gating = estimate?.metrics.filter(({ advisory, epochs }) => advisory === undefined && epochs > 1) ?? [];
      const [worst] = gating.toSorted((a, b) => b.change - a.change);
      const percent = (ratio: number): string => `${ratio > 0 ? '+' : ''}${(100 * ratio).toFixed(1)}%`;
      // Two epochs bound nothing: their interval is many times the change.
      const interval = worst && worst.epochs > 2 ? ` (${percent(worst.changeLow)} to ${percent(worst.changeHigh)})` : '';
      say(worst ? `${name}  slowed most of ${gating.length} so far: ${worst.id} ${percent(worst.change)}${interval}` : name);
    },
  };
}
