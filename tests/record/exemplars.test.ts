import { expect, test } from 'vitest';
import { Exemplars } from '../../harness/record/exemplars.ts';
import { createLegRecorder } from '../../harness/record/recorder.ts';
import { driveReport, leg, request } from './make-sample.ts';

test('the request found for a value took about as long, is one of the operations asked for, and the latest of its kind', () => {
  const exemplars = new Exemplars();
  for (let ms = 10; ms <= 200; ms += 1) {
    exemplars.add(request(0, ms, { operation: 'a', traceId: `a${ms}` }), ms);
    exemplars.add(request(0, ms * 10, { operation: 'b', traceId: `b${ms * 10}` }), ms * 10);
  }
  for (const wanted of [12.3, 57, 199]) {
    const found = exemplars.near(wanted, ['a']);
    expect(found?.operation).toBe('a');
    expect(Math.abs(Math.log((found?.endedAtMs ?? 0) / wanted))).toBeLessThan(0.1);
  }
  exemplars.add(request(0, 57, { operation: 'a', traceId: 'later' }), 57);
  expect(exemplars.near(57, ['a'])?.traceId).toBe('later');
  expect(exemplars.near(1_500, ['a'])).toBeUndefined();
  expect(exemplars.near(1_500, ['a', 'b'])?.operation).toBe('b');
  expect(exemplars.near(0, ['a'])).toBeUndefined();
});

test('a leg names requests at p95 and p99 of all, of each class and of each operation, measured ones alone, and counts restarted traces', () => {
  const recorder = createLegRecorder(leg(), { seed: 1 });
  recorder.add(request(0, 96, { phase: 'warm-up', traceId: 'warm', sentTraceId: 'sent' }));
  for (let i = 1; i <= 200; i += 1)
    recorder.add(request(i, i, { operation: i % 2 === 0 ? 'even' : 'odd', traceId: `t${i}`, ...(i === 7 && { sentTraceId: 'sent' }) }));
  const { exemplars = [], restartedTraces } = recorder.finish(driveReport());
  expect(exemplars.map(({ group, q }) => `${group} ${q}`).toSorted()).toEqual(
    ['all', 'crud', 'even', 'odd'].flatMap((group) => [`${group} 0.95`, `${group} 0.99`]),
  );
  for (const { ms, sample } of exemplars) expect(Math.abs((sample.endedAtMs ?? 0) - (sample.sentAtMs ?? 0) - ms) / ms).toBeLessThan(0.1);
  expect(exemplars.filter(({ sample }) => sample.traceId === 'warm')).toEqual([]);
  expect(restartedTraces).toBe(2);
});
