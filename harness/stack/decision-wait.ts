/** The collector decides on a trace so long after its first span: what is longer is judged without its end. */
import { parseDurationMs } from '../plan/durations.ts';
import type { RunFile } from '../results/run-file.ts';

/** As in `docker-compose.yml` and `otel-collector/config.yaml`. */
export const defaultDecisionWaitMs = 40_000;
const variable = 'COLLECTOR_DECISION_WAIT';

/** @param env of the collector's container, `NAME=value` each */
export function decisionWaitOf(env: readonly string[]): number {
  const given = env.find((each) => each.startsWith(`${variable}=`))?.slice(variable.length + 1) ?? '';
  // As Go writes it: 1m30s.
  const parts = given.match(/[\d.]+(?:ms|s|m|h)/g) ?? [];
  return parts.length === 0 ? defaultDecisionWaitMs : parts.reduce((sum, part) => sum + parseDurationMs(part, variable), 0);
}

/** Undefined where every measured request was over before the decision on its trace. */
export function longerThanWait({ legs }: Pick<RunFile, 'legs'>, waitMs: number): string | undefined {
  const longestMs = Math.max(0, ...legs.map(({ all }) => Math.max(all.total?.maxMs ?? 0, all.serviceTime?.maxMs ?? 0)));
  if (longestMs <= waitMs) return undefined;
  const [longest, wait] = [longestMs, waitMs].map((ms) => `${Math.ceil(ms / 1_000)} s`);
  return (
    `the longest request took ${longest}, and the collector decides on a trace after ${wait}: such traces were judged, and may show, without their end; ` +
    `start the stack with a longer wait: STACK_DECISION_WAIT=${2 * Math.ceil(longestMs / 1_000)}s plumbline up`
  );
}
