import type { LegMeasurement } from '../results/run-file.ts';
import type { Sample } from '../sample.ts';

type Shown = Pick<LegMeasurement, 'slowest' | 'kept' | 'exemplars' | 'secondExemplars' | 'streams' | 'waterfalls' | 'errors'>;

/** The requests whose traces the report promises, each once: the slowest, those of a study's findings, those at the upper quantiles, and those of the median journey. Pure. */
export function askedSamples(legs: readonly Shown[]): Sample[] {
  return eachOnce(
    legs.flatMap((leg) => {
      const median = leg.waterfalls.find(({ label }) => label.startsWith('median '));
      return [...leg.slowest, ...(leg.kept ?? []), ...(leg.exemplars ?? []).map(({ sample }) => sample), ...(median?.requests ?? [])];
    }),
  );
}

/**
 * Those that it opens where they can be had, none of them asked for already: behind the dots of single seconds, the rows of streams, and one failure of each kind. They
 * come from all over the run, and a server holds its latest requests and its slowest; a failure may never have reached it.
 */
export function wishedSamples(legs: readonly Shown[], asked: readonly Sample[]): Sample[] {
  const ids = new Set(asked.map(({ traceId }) => traceId));
  return eachOnce(
    legs.flatMap((leg) => [...leg.errors.flatMap(({ sample }) => sample ?? []), ...(leg.secondExemplars ?? []).map(({ sample }) => sample), ...leg.streams]),
  ).filter(({ traceId }) => !ids.has(traceId));
}

function eachOnce(samples: readonly Sample[]): Sample[] {
  return [
    ...new Map(samples.filter(({ traceId, sentAtMs }) => traceId !== undefined && sentAtMs !== undefined).map((sample) => [sample.traceId, sample])).values(),
  ];
}
