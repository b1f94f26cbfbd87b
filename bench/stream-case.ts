/** Concurrent streams: lateness at the server and end to end, the driver's own error, memory, losses. */
import { streamMs, streamProfile, streamScenario } from './bench-scenarios.ts';
import { at, type Case, type CaseOptions, median, megabytesText, ms, type Row } from './case.ts';
import type { DriveJob, DriveResult } from './drive-job.ts';
import { driveJobs, scrapeEverySecond, startPinnedServer } from './pinned.ts';
import { brief, conditions } from './residual-case.ts';
import { withProfileFile } from './profile-file.ts';

export interface StreamLoad {
  name: string;
  streams: number;
  protocol: 'http/1.1' | 'h2';
  runs: number;
  /** Reported only, where absent. */
  bounds?: { serverP99Ms?: number; endToEndP99Ms?: number; serverBytes?: number; lost?: number; driverErrorP99Ms?: number };
  encoding?: string;
}

const seed = 1;
/** Lengths of a stream: the first fills up, on code that is not compiled yet, and what piled up then has to drain. */
const warmupStreams = 3;

export function streamCase(load: StreamLoad): Case {
  return {
    name: load.name,
    limitMs: 60_000 * load.runs,
    async run(options) {
      const results = await driveStreams(load, options);
      return { rows: rowsOf(load, results), details: { load, runs: results.map(detail) } };
    },
  };
}

/** Every run has a server of its own. Arrivals are spread over the length of a stream, so that all are open at the end of the warm-up, and stay so. */
export async function driveStreams(load: StreamLoad, { quick, signal, calmMs, say }: CaseOptions): Promise<DriveResult[]> {
  const results: DriveResult[] = [];
  await withProfileFile(streamProfile, async (profile) => {
    for (let run = 0; run < (quick ? Math.min(load.runs, 3) : load.runs); run += 1) {
      const server = await startPinnedServer({ profile, seed, tls: load.protocol === 'h2' }, signal);
      const over = new AbortController();
      if (load.protocol !== 'h2') void scrapeEverySecond(server.url, over.signal);
      try {
        const job: DriveJob = {
          scenario: streamScenario(load.encoding ?? 'identity'),
          driver: 'native',
          load: { kind: 'constant', ratePerSecond: load.streams / (streamMs / 1_000) },
          warmupMs: warmupStreams * streamMs,
          durationMs: quick ? 2_000 : streamMs,
          seed: seed + run,
          target: { url: server.url, protocol: load.protocol, insecureTls: load.protocol === 'h2', controlUrl: server.controlUrl },
          serverPids: [server.pid],
        };
        const [result] = await driveJobs([job], { signal, calmMs });
        if (result) results.push(result);
        say(`  run ${run + 1}: server p99 ${ms(at(result?.events?.serverLateness, 0.99))}, end to end p99 ${ms(at(result?.events?.endToEnd, 0.99))}`);
      } finally {
        over.abort();
        await server.stop();
      }
    }
  });
  return results;
}

function rowsOf(load: StreamLoad, results: readonly DriveResult[]): Row[] {
  const { bounds = {} } = load;
  const title = `${load.streams.toLocaleString('en')} streams on ${load.protocol === 'h2' ? 'HTTP/2' : 'HTTP/1.1'}`;
  const under = conditions(results);
  const row = (what: string, values: readonly number[], bound: number | undefined, show: (value: number) => string): Row => {
    const value = median(values);
    const met = bound === undefined ? undefined : value <= bound;
    return {
      what: `${title}: ${what}`,
      target: bound === undefined ? '' : show(bound),
      measured: values.length > 1 ? `${show(value)} (${values.map(show).join(', ')})` : show(value),
      ...(met !== undefined && { met }),
      limit: under,
    };
  };
  const p99 = (of: keyof NonNullable<DriveResult['events']>): number[] => results.map(({ events }) => at(events?.[of], 0.99));
  const lost = results.map(({ totals: { counts } }) => counts.failed + counts.timeout + counts.dropped + counts.aborted);
  return [
    row('p99 lateness at the server', p99('serverLateness'), bounds.serverP99Ms, ms),
    row('p99 lateness end to end', p99('endToEnd'), bounds.endToEndP99Ms, ms),
    row('p99 end to end from the schedule', p99('fromSchedule'), undefined, ms),
    row("driver's own error, p99", p99('driverError'), bounds.driverErrorP99Ms, ms),
    row(
      'peak memory of the server',
      results.map(({ serverPeakBytes }) => serverPeakBytes),
      bounds.serverBytes,
      megabytesText,
    ),
    {
      ...row('streams lost, all runs', [lost.reduce((sum, value) => sum + value, 0)], bounds.lost, String),
      limit: results.flatMap(({ errors }) => errors)[0]?.error ?? '',
    },
  ];
}

export function detail(result: DriveResult): object {
  return { ...brief(result), events: result.events, measurementError: result.metrics.measurementError, scheduleLag: result.metrics.scheduleLag };
}
