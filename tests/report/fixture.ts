import { judgeRun } from '../../harness/judge/verdict.ts';
import type { RunFile } from '../../harness/results/run-file.ts';
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
