import { describe, expect, it } from 'vitest';
import { loadProfile } from '../../reference-server/latency/profile.ts';
import { drawRequest } from '../../reference-server/latency/draw.ts';
import { bucketLabel, latencyBuckets } from '../../scenarios/buckets.ts';
import { classObjectives } from '../../scenarios/class-objectives.ts';
import { burnWindows, recordedNames, sloNames } from '../../scenarios/names.ts';
import { operations } from '../../scenarios/operations.ts';
import type { LatencyClass } from '../../scenarios/types.ts';

const classes: readonly LatencyClass[] = ['static', 'metadata', 'crud', 'completion'];

describe('the objectives of the classes', () => {
  it('are the numbers of the analysis', () => {
    expect(classes.map((latencyClass) => classObjectives[latencyClass].latency.maxMs)).toEqual([150, 150, 700, 5_000]);
    expect(classes.map((latencyClass) => classObjectives[latencyClass].firstEvent?.maxMs)).toEqual([undefined, undefined, undefined, 1_500]);
    for (const { latency, firstEvent, availability } of Object.values(classObjectives)) {
      expect([latency.allowedRatio, firstEvent?.allowedRatio ?? 0.05, availability.allowedRatio]).toEqual([0.05, 0.05, 0.001]);
      for (const { source } of [latency, availability, ...(firstEvent ? [firstEvent] : [])]) expect(source).toMatch(/^(Analysis|Our choice), \S/);
    }
  });

  it('are boundaries of the buckets, so that a histogram tells exactly how many kept them', () => {
    for (const { latency, firstEvent } of Object.values(classObjectives)) {
      expect(latencyBuckets).toContain(latency.maxMs / 1_000);
      if (firstEvent) expect(latencyBuckets).toContain(firstEvent.maxMs / 1_000);
    }
    expect([0.15, 1.5, 5].map(bucketLabel)).toEqual(['0.15', '1.5', '5.0']);
  });

  it('are kept by what the observed profile draws', () => {
    const profile = loadProfile('observed');
    for (const operation of operations) {
      const { latency, firstEvent } = classObjectives[operation.latencyClass];
      for (let index = 0; index < 200; index += 1) {
        const { totalMs, stream } = drawRequest(profile, operation, `key-${index}`);
        expect(totalMs).toBeLessThanOrEqual(latency.maxMs);
        if (firstEvent) expect(stream?.firstEventMs).toBeLessThanOrEqual(firstEvent.maxMs);
      }
    }
  });
});

it('recorded names end with their window', () => {
  expect(Object.keys(recordedNames.badRatio)).toEqual([...burnWindows]);
  for (const window of burnWindows) expect(recordedNames.badRatio[window]).toBe(`plumbline:slo_bad:ratio_rate${window}`);
});

it('only what has a first event is promised one', () => {
  const promised = classes.filter((latencyClass) => classObjectives[latencyClass].firstEvent);
  expect(promised).toEqual(['completion']);
  expect(Object.values(sloNames)).toEqual(['latency', 'availability', 'first_event']);
});
