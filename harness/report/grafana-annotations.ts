import type { LegResult, RunFile } from '../results/run-file.ts';

/** The body of one `POST /api/annotations`: a region, in milliseconds since 1970, on no board of its own, so that every board can ask for it by its tags. */
export interface Annotation {
  time: number;
  timeEnd: number;
  tags: string[];
  text: string;
}

const reasonsTold = 3;

/** The run from its start to its end with its verdict, and the phases of each leg. Pure. */
export function annotationsOf(run: Pick<RunFile, 'runId' | 'startedAt' | 'durationMs' | 'verdict' | 'legs'>): Annotation[] {
  const { runId, verdict, durationMs } = run;
  const startMs = Date.parse(run.startedAt);
  const region = (phase: string, fromMs: number, toMs: number, text: string, more: readonly string[] = []): Annotation[] => {
    const [time, timeEnd] = [Math.round(startMs + fromMs), Math.round(startMs + toMs)];
    return timeEnd > time ? [{ time, timeEnd, tags: ['plumbline', `run:${runId}`, `phase:${phase}`, ...more], text }] : [];
  };
  const left = verdict.reasons.length - reasonsTold;
  const said = [`run ${runId}: ${verdict.verdict}`, ...verdict.reasons.slice(0, reasonsTold), ...(left > 0 ? [`and ${left} more`] : [])];
  return [
    ...region('run', 0, durationMs, said.join('\n')),
    ...run.legs.flatMap((leg) => {
      const { measuredFromMs, measuredToMs } = leg.driverReport;
      const names = [`scenario:${leg.scenario}`, `driver:${leg.driver}`];
      const phase = (name: string, fromMs: number, toMs: number): Annotation[] => region(name, fromMs, toMs, `${name} of ${leg.id}, run ${runId}`, names);
      return [
        ...phase('warm-up', Math.max(0, measuredFromMs - leg.warmupMs), measuredFromMs),
        ...phase('measured', measuredFromMs, measuredToMs),
        ...phase('drain', measuredToMs, Math.min(durationMs, lastSecondMs(leg))),
      ];
    }),
  ];
}

/** The end of the last second in which anything happened: as near as a leg's end is known. */
function lastSecondMs({ series }: LegResult): number {
  return ((series.at(-1)?.second ?? -1) + 1) * 1_000;
}
