import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { decisionWaitOf, defaultDecisionWaitMs, longerThanWait } from '../../harness/stack/decision-wait.ts';
import type { LegResult } from '../../harness/results/run-file.ts';
import { root } from './parts.ts';

function runOf(...longestMs: number[]): { legs: LegResult[] } {
  return { legs: longestMs.map((maxMs) => ({ all: { total: { maxMs }, serviceTime: { maxMs: 5 } } }) as unknown as LegResult) };
}

it("the collector's wait is what its container was started with", () => {
  expect(decisionWaitOf(['PATH=/bin', 'COLLECTOR_DECISION_WAIT=5s'])).toBe(5_000);
  expect(decisionWaitOf(['COLLECTOR_DECISION_WAIT=1m30s'])).toBe(90_000);
  expect(decisionWaitOf(['COLLECTOR_DECISION_WAIT='])).toBe(40_000);
  expect(decisionWaitOf([])).toBe(40_000);
});

it('the wait of nobody who set one is that of the files', () => {
  const given = ['docker-compose.yml', 'otel-collector/config.yaml'].flatMap((file) => [
    ...readFileSync(join(root, file), 'utf8').matchAll(/\$\{(?:STACK|env:COLLECTOR)_DECISION_WAIT:-(\d+)s\}/g),
  ]);
  expect(given.map(([, seconds]) => Number(seconds) * 1_000)).toEqual([defaultDecisionWaitMs, defaultDecisionWaitMs, defaultDecisionWaitMs]);
});

it('requests that are longer than the wait are told with a wait that would do', () => {
  expect(longerThanWait(runOf(100, 40_000), 40_000)).toBeUndefined();
  expect(longerThanWait({ legs: [] }, 40_000)).toBeUndefined();
  expect(longerThanWait(runOf(100, 40_001), 40_000)).toMatch(/took 41 s, .* after 40 s: .*STACK_DECISION_WAIT=82s plumbline up$/);
});
