import type { LegView } from '../drive/drive-leg.ts';
import type { Leg } from '../plan/plan.ts';
import type { LiveState } from '../record/recorder.ts';
import { type ProgressLeg, renderProgressBlock, renderProgressLine } from '../report/progress.ts';

/** A plain line for each leg under way, so often. */
const plainEveryMs = 5_000;

/** Live progress: one block that redraws itself on a terminal, plain lines otherwise. */
export function liveView(style: { colour: boolean; width: number; live: boolean }): LegView & { close(): void } {
  const legs = new Map<string, ProgressLeg>();
  const lastLineMs = new Map<string, number>();
  let drawnLines = 0;
  const clear = (): void => {
    if (drawnLines > 0) process.stdout.write(`\u001b[${drawnLines}A\u001b[J`);
    drawnLines = 0;
  };
  const draw = (): void => {
    const block = renderProgressBlock([...legs.values()], style);
    clear();
    if (block === '') return;
    process.stdout.write(`${block}\n`);
    drawnLines = block.split('\n').length;
  };
  return {
    start(leg, plan) {
      if (!style.live) console.log(`${leg.id}: start, ${(leg.warmupMs + leg.durationMs) / 1_000} s on ${plan.target.url}`);
    },
    update(leg: Leg, live: LiveState, elapsedMs: number) {
      const figures: ProgressLeg = { id: leg.id, elapsedMs, totalMs: leg.warmupMs + leg.durationMs, live };
      legs.set(leg.id, figures);
      if (style.live) draw();
      else if (elapsedMs - (lastLineMs.get(leg.id) ?? 0) >= plainEveryMs) {
        lastLineMs.set(leg.id, elapsedMs);
        console.log(renderProgressLine(figures));
      }
    },
    end(leg) {
      legs.delete(leg.id);
      lastLineMs.delete(leg.id);
      if (style.live) draw();
    },
    close() {
      legs.clear();
      clear();
    },
  };
}
