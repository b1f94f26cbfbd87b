/** What the bench's driver process is told, and what it tells. Plain data: it crosses a pipe. */
import type { DriveReport } from '../harness/drive/driver.ts';
import type { Target } from '../harness/plan/plan.ts';
import type { Distribution, LegMeasurement, MetricSet, Totals } from '../harness/results/run-file.ts';
import type { DriverName } from '../harness/sample.ts';
import type { Load, Scenario } from '../scenarios/types.ts';

export interface DriveJob {
  scenario: Scenario;
  driver: DriverName;
  load: Load;
  warmupMs: number;
  durationMs: number;
  /** Default 20,000. Of k6 also its virtual users, each of which is slow to make. */
  maxInFlight?: number;
  seed: number;
  /** Share of requests whose trace is sampled; default 0.05. */
  sampledShare?: number;
  target: Target;
  /** Of the server, for its CPU and memory; of several processes where its tiers are. */
  serverPids: readonly number[];
}

/** Times of single events of measured streams, milliseconds. */
export interface EventFigures {
  /** Server: actual minus intended, of every event of every stream. */
  serverLateness: Distribution;
  /** Client's time of an event minus (sent + its intended offset), of the seeded sample of streams. */
  endToEnd: Distribution;
  /** The same from when the schedule meant the stream to be sent. */
  fromSchedule: Distribution;
  /** Client's time of an event minus (sent + its actual offset), of the same streams: network and driver. */
  driverError: Distribution;
}

export interface DriveResult {
  metrics: MetricSet;
  totals: Totals;
  report: DriveReport;
  errors: LegMeasurement['errors'];
  events?: EventFigures;
  /** Shares of a core in the measured phase. Others: what was neither the server nor the driver (nor its k6). */
  serverCpu: number;
  driverCpu: number;
  othersOnServerCore: number;
  othersOnDriverCore: number;
  serverPeakBytes: number;
  /** The server's own account of the measured phase and the end of it; absent without a control port. */
  serverLoopP99Ms?: number;
  serverLatenessP99Ms?: number;
}
