/** Declared against measured: a connection that was opened for a request is in neither side. Known answers. */
import { expect, it } from 'vitest';
import type { DriveReport } from '../../harness/drive/driver.ts';
import { toLegResult } from '../../harness/judge/judge.ts';
import { createLegRecorder } from '../../harness/record/recorder.ts';
import { declaredChart } from '../../harness/report/charts/declared.ts';
import { operationsSection } from '../../harness/report/sections/operations.ts';
import type { LegResult } from '../../harness/results/run-file.ts';
import type { Sample } from '../../harness/sample.ts';
import { driveReport, leg, request } from '../record/make-sample.ts';

const drawMs = 200;
const handshakeMs = 400;

/** 400 requests of 200 ms, each on a connection of its own that took 400 ms to open. */
function legWith(change: (sample: Sample) => Sample, report: Partial<DriveReport> = {}, declared = true): LegResult {
  const recorder = createLegRecorder(leg(), { seed: 1 });
  for (let i = 0; i < 400; i += 1)
    recorder.add(
      change(request(i * 20, handshakeMs + drawMs, { connectMs: handshakeMs, reusedConnection: false, truth: { intendedMs: drawMs, actualMs: drawMs } })),
    );
  const profile: [number, number][] = [
    [0.5, drawMs],
    [0.95, drawMs],
  ];
  return toLegResult(recorder.finish(driveReport(report), declared ? { 'thing.read': profile } : {}), []);
}

it('the table and the chart compare the exchange time with what was declared', () => {
  const timed = legWith((sample) => sample);
  expect(operationsSection(timed)).toContain('200 / 200<small>+0');
  expect(operationsSection(timed)).toContain('measured exchange time (end - sent - connect)');
  expect(operationsSection(timed)).not.toContain('200 / 600');
  const chart = declaredChart(timed, 'x');
  expect(chart).toContain('declared 200 ms\nmeasured 200 ms');
  expect(chart).toContain('against end - sent - connect as measured');
  expect(chart).not.toContain('stays inside');
});

it('so does the chart with what was drawn, where no profile was read', () => {
  const chart = declaredChart(
    legWith((sample) => sample, {}, false),
    'x',
  );
  expect(chart).toContain('declared 200 ms\nmeasured 200 ms');
});

it('a driver that cannot time connections has them in it, and the chart says so', () => {
  const untimed = legWith(({ connectMs: _, ...rest }) => rest, { notAvailable: [{ metric: 'connect', reason: 'cannot be timed' }] });
  expect(operationsSection(untimed)).toContain('200 / 600<small>+400');
  expect(declaredChart(untimed, 'x')).toContain('cannot time connection set-up, which stays inside');
});
