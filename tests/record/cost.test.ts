import { expect, test } from 'vitest';
import { createLegRecorder } from '../../harness/record/recorder.ts';
import { keyedRandom } from '../../scenarios/random.ts';
import { driveReport, leg, request } from './make-sample.ts';

test('the cost of a sample is printed; the bound is ten times the aim, since the machine may be busy', () => {
  const random = keyedRandom('cost');
  const samples = Array.from({ length: 100_000 }, (_, i) => {
    const atMs = i / 5;
    const tookMs = 50 + 100 * random();
    return request(atMs, tookMs, {
      journeyId: i,
      operation: `op.${i % 60}`,
      connectMs: 0.2,
      queuedMs: 0,
      headersAtMs: atMs + tookMs - 1,
      firstByteAtMs: atMs + tookMs - 1,
      bytes: 1000,
      protocol: 'http/1.1',
      encoding: 'zstd',
      cacheStatus: 'DYNAMIC',
      truth: { intendedMs: tookMs - 1, actualMs: tookMs - 0.5 },
    });
  });
  const recorder = createLegRecorder(leg(), { seed: 1 });
  const fromMs = performance.now();
  for (const one of samples) recorder.add(one);
  const addedMs = performance.now();
  const found = recorder.finish(driveReport({ measuredToMs: 20_000 }));
  const finishedMs = performance.now();
  const eachUs = ((addedMs - fromMs) * 1000) / samples.length;
  console.log(`recorder: ${eachUs.toFixed(2)} us a sample (aim: 5), finish ${(finishedMs - addedMs).toFixed(0)} ms for ${found.operations.length} operations`);
  expect(found.operations).toHaveLength(60);
  expect(found.all.latency?.n).toBe(100_000);
  expect(eachUs).toBeLessThan(50);
});
