import pc from 'picocolors';
import type { LiveState } from '../record/recorder.ts';
import { ms } from './format.ts';

/** A leg under way, as the progress shows it. */
export interface ProgressLeg {
  id: string;
  elapsedMs: number;
  totalMs: number;
  live: LiveState;
}

const barCells = 20;

/** One line for a log: `sse/native  8 s of 22 s  12.0/s  45 in flight  p50 4,512 ms  p95 4,802 ms  p99 4,981 ms  0 errors`. */
export function renderProgressLine(leg: ProgressLeg): string {
  const { live } = leg;
  const dropped = live.dropped > 0 ? `  ${live.dropped} dropped` : '';
  const phase = live.phase === 'warm-up' ? '  (warm-up)' : '';
  return `${leg.id}  ${seconds(leg.elapsedMs)} of ${seconds(leg.totalMs)}  ${live.ratePerSecond}/s  ${live.inFlight} in flight${quantiles(live)}  ${live.errors} errors${dropped}${phase}`;
}

/** A block that is redrawn in place: a line and a bar for each leg under way. Empty when none is. */
export function renderProgressBlock(legs: readonly ProgressLeg[], style: { colour: boolean; width: number }): string {
  const colour = pc.createColors(style.colour);
  return legs
    .map((leg) => {
      const share = Math.min(1, leg.elapsedMs / Math.max(1, leg.totalMs));
      const filled = Math.round(share * barCells);
      const left = leg.elapsedMs < leg.totalMs ? `${seconds(leg.totalMs - leg.elapsedMs)} left` : 'finishing';
      const { live } = leg;
      const errors = live.errors + live.dropped > 0 ? colour.red(`${live.errors} errors, ${live.dropped} dropped`) : colour.dim('no errors');
      const text = [
        `${colour.bold(leg.id.padEnd(24))} ${colour.cyan('━'.repeat(filled))}${colour.dim('─'.repeat(barCells - filled))} ${left}${live.phase === 'warm-up' ? ' (warm-up)' : ''}`,
        `  ${live.ratePerSecond}/s  ${live.inFlight} in flight${quantiles(live)}  ${errors}`,
      ];
      return text.join('\n');
    })
    .join('\n');
}

/** With two spaces before each; empty before the first latency. */
function quantiles({ p50Ms, p95Ms, p99Ms }: LiveState): string {
  return [['p50', p50Ms] as const, ['p95', p95Ms] as const, ['p99', p99Ms] as const]
    .map(([name, value]) => (value === undefined ? '' : `  ${name} ${ms(value)}`))
    .join('');
}

function seconds(value: number): string {
  return `${Math.round(value / 1_000)} s`;
}
