import { judgeRun } from '../../harness/judge/verdict.ts';
import { embeddedTraces } from '../../harness/report/trace-links.ts';
import type { RunFile, Telemetry } from '../../harness/results/run-file.ts';
import type { FlatSpan } from '../../harness/telemetry/flat-span.ts';
import { distributionOf } from '../../harness/results/distribution.ts';
import { closedLeg, pageLoadLeg, sseK6Leg, sseNativeLeg } from './fixture-legs.ts';

/** What an attacker, or an unlucky user, could call an operation or put into an error. */
export const hostile = `<script>alert(1)</script><img src=x onerror="alert('2')">&amp;`;

export interface FixtureOptions {
  runId?: string;
  /** Added to every time of the server. */
  slowerMs?: number;
  /** The page-load leg loses its schedule. */
  invalid?: boolean;
}

/** A run as the recorder and the judge make it, of made-up samples: page-load and sse by the native driver, sse by k6, crud by autocannon in a closed loop. */
export function makeRun({ runId = '20261123-114500-demo-7f3a', slowerMs = 0, invalid = false }: FixtureOptions = {}): RunFile {
  const legs = [pageLoadLeg(slowerMs, invalid), sseNativeLeg(slowerMs), sseK6Leg(slowerMs), closedLeg(slowerMs, hostile)];
  return {
    schema: 'plumbline.run/1',
    runId,
    startedAt: '2026-11-23T11:45:00.000Z',
    durationMs: 94_210,
    interrupted: false,
    plumbline: '0.1.0',
    tools: { native: '0.1.0', k6: '1.8.1', autocannon: '9.0.0' },
    machine: { cpu: 'AMD EPYC 7B13', cores: 2, memoryBytes: 8 * 2 ** 30, os: 'Linux 6.1', node: '26.10.0' },
    seed: 1,
    target: { url: 'http://127.0.0.1:8787', kind: 'reference', protocol: 'h2', profile: { name: 'observed', seed: 1, hash: '4c1f0a9be27d5512' } },
    legs,
    server: {
      loopDelay: { p50Ms: 0.4, p99Ms: 2.7, maxMs: 11.2 },
      lateness: distributionOf([0.1, 0.2, 0.4]),
      overruns: 3,
      rssBytes: 142e6,
      cpuMs: 21_400,
      streams: { opened: 300, completed: 297, aborted: 3 },
    },
    verdict: judgeRun(legs),
  };
}

/** What `--otlp` and a server's answer leave behind. */
export function withTelemetry(run: RunFile, more: Partial<Telemetry> = {}): RunFile {
  return { ...run, telemetry: { traces: 'complete', spans: 0, serverSpans: 0, asked: 0, whole: 0, dropped: 0, restarted: 0, notes: [], ...more } };
}

/** Spans of every trace that the run's report can open: the driver's, and with `server` a tier's below it. */
export function spansOfRun(run: RunFile, { server }: { server: boolean }): FlatSpan[] {
  const epochMs = Date.parse(run.startedAt);
  return embeddedTraces(run.legs).flatMap(({ sample }, index) => {
    const { traceId = '', endedAtMs = 0 } = sample;
    const times = { startMs: epochMs + (sample.intendedAtMs ?? sample.sentAtMs ?? 0), endMs: epochMs + endedAtMs };
    const spanId = index.toString(16).padStart(16, 'a');
    const common = { traceId, name: sample.operation, kind: 'server' as const, attributes: {}, events: [], links: [], ...times };
    const driver: FlatSpan = { ...common, spanId, service: 'plumbline-driver' };
    return server ? [driver, { ...common, spanId: index.toString(16).padStart(16, 'b'), parentSpanId: spanId, service: 'plumbline-edge' }] : [driver];
  });
}
