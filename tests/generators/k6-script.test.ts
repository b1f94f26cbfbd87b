/** The pure parts of the k6 script and of its reader: no k6 needed. */
import { describe, expect, it } from 'vitest';
import { epochMsOf, lineCutter, pointOf } from '../../harness/drive/k6/points.ts';
import { sampleMaker } from '../../harness/drive/k6/samples.ts';
import type { AnySample } from '../../harness/sample.ts';
import { levelsOf } from '../../scenarios/k6/levels.ts';
import { executorOf } from '../../scenarios/k6/load.ts';
import type { LegSettings } from '../../scenarios/k6/settings.ts';
import { thresholdsOf } from '../../scenarios/k6/thresholds.ts';
import { readStream } from '../../scenarios/stream-body.ts';
import type { Journey, Load, Step } from '../../scenarios/types.ts';
import { legOf } from '../support/driven.ts';
import { getStep, scenarioOf } from './legs.ts';

const journeyOf = (steps: Step[]): Journey => ({ name: 'page', steps });
const work = (id: string, workMs: number, after: string[]): Step => ({ id, workMs, source: 'test', after });

describe('levelsOf', () => {
  const shape = (steps: Step[]) =>
    levelsOf(journeyOf(steps)).map(({ waitMs, requests }) => [waitMs, ...requests.map(({ step, parentStep }) => `${step.id}<${parentStep ?? ''}`)]);

  it('makes a chain of steps without parents, each on its own level', () => {
    expect(shape([getStep('a', '/'), getStep('b', '/', { delayMs: 20 }), getStep('c', '/')])).toEqual([
      [0, 'a<'],
      [20, 'b<a'],
      [0, 'c<b'],
    ]);
  });

  it('puts a request below its deepest parent, and waits client work and delays', () => {
    const steps = [
      getStep('document', '/', { after: [] }),
      getStep('style', '/', { after: ['document'] }),
      work('parse', 100, ['document']),
      work('run', 50, ['parse']),
      getStep('api', '/', { after: ['run'], delayMs: 5 }),
      getStep('late', '/', { after: ['style', 'document', 'api'] }),
    ];
    expect(shape(steps)).toEqual([
      [0, 'document<'],
      [155, 'style<document', 'api<document'],
      [0, 'late<style'],
    ]);
    expect(levelsOf(journeyOf(steps))[2]?.requests[0]?.parents).toEqual(['style', 'api', 'document']);
  });

  it('keeps the order of the list where a child is listed before its parent', () => {
    expect(shape([getStep('child', '/', { after: ['parent'] }), getStep('parent', '/', { after: [] })])).toEqual([
      [0, 'parent<'],
      [0, 'child<parent'],
    ]);
  });

  it('waits client work that comes before any request', () => {
    expect(shape([work('start', 30, []), getStep('a', '/')])).toEqual([[30, 'a<']]);
  });

  it('refuses circles and parents that are not there', () => {
    expect(() => levelsOf(journeyOf([getStep('a', '/', { after: ['b'] }), getStep('b', '/', { after: ['a'] })]))).toThrow('waits for itself');
    expect(() => levelsOf(journeyOf([getStep('a', '/', { after: ['x'] })]))).toThrow('"x", which is not one of its steps');
  });
});

describe('executorOf', () => {
  const scenario = scenarioOf([getStep('a', '/')]);
  const of = (load: Load, changes: Partial<LegSettings> = {}) =>
    executorOf(scenario, {
      runId: 'r',
      seed: 1,
      targetUrl: 'http://127.0.0.1',
      insecureTls: false,
      http2: false,
      load,
      warmupMs: 500,
      durationMs: 1_500,
      timeoutMs: 2_000,
      maxVus: 100,
      traceSampleRatio: 0,
      userCount: 1,
      ...changes,
    });

  it('writes whole rates a second and fractions in a thousand seconds, the warm-up in front', () => {
    expect(of({ kind: 'constant', ratePerSecond: 20 })).toMatchObject({
      executor: 'constant-arrival-rate',
      rate: 20,
      timeUnit: '1s',
      duration: '2000ms',
      gracefulStop: '2300ms',
    });
    expect(of({ kind: 'constant', ratePerSecond: 0.25 })).toMatchObject({ rate: 250, timeUnit: '1000s' });
    expect(of({ kind: 'ramp', startRatePerSecond: 1, stages: [{ ratePerSecond: 2.5, durationMs: 1_500 }] })).toMatchObject({
      executor: 'ramping-arrival-rate',
      startRate: 1_000,
      timeUnit: '1000s',
      stages: [
        { target: 1_000, duration: '500ms' },
        { target: 2_500, duration: '1500ms' },
      ],
    });
    expect(of({ kind: 'closed', vus: 3 })).toMatchObject({ executor: 'constant-vus', vus: 3, duration: '2000ms' });
  });

  it('never makes more virtual users than the cap, and refuses Poisson', () => {
    expect(of({ kind: 'constant', ratePerSecond: 5_000 })).toMatchObject({ preAllocatedVUs: 100, maxVUs: 100 });
    expect(of({ kind: 'constant', ratePerSecond: 20 }, { maxVus: 10_000 })).toMatchObject({ preAllocatedVUs: 13, maxVUs: 52 });
    expect(() => of({ kind: 'poisson', ratePerSecond: 1 })).toThrow('k6 has no Poisson arrivals');
  });
});

describe('thresholdsOf', () => {
  it('writes what k6 can judge, in the measured phase only, and names the rest', () => {
    const { thresholds, skipped } = thresholdsOf([
      { metric: 'latency', operation: 'a.b', quantile: 0.95, max: 700 },
      { metric: 'latency', operation: 'a.b', quantile: 0.999, max: 900 },
      { metric: 'serviceTime', latencyClass: 'crud', quantile: 0.5, max: 10, min: 1 },
      { metric: 'errorRatio', max: 0.001 },
      { metric: 'ttft', operation: 'a.b', quantile: 0.5, max: 1 },
      { metric: 'milestone', milestone: 'load', quantile: 0.5, max: 2_300 },
    ]);
    expect(thresholds).toEqual({
      'http_req_duration{phase:measured,operation:a.b}': ['p(95)<=700', 'p(99.9)<=900'],
      'http_req_duration{phase:measured,latency_class:crud}': ['p(50)<=10', 'p(50)>=1'],
      'plumbline_failed{phase:measured}': ['rate<=0.001'],
    });
    expect(skipped).toEqual(['ttft{phase:measured,operation:a.b}: k6 does not measure it', 'milestone load{phase:measured}: k6 does not measure it']);
  });
});

describe('readStream', () => {
  it('counts content, keeps the truth, and tells an unfinished or failed stream', () => {
    const delta = 'event: content_block_delta\ndata: {"type":"content_block_delta"}\n\n';
    const stop = 'event: message_stop\ndata: {"type":"message_stop"}\n\n';
    const truth = 'event: plumbline_truth\ndata: {"intendedMs":5}\n\n';
    expect(readStream('plumbline', `: ping\n\n${delta}${delta}${stop}${truth}`)).toEqual({ contentEvents: 2, truth: '{"intendedMs":5}' });
    expect(readStream('plumbline', delta)).toEqual({ contentEvents: 1, failure: 'the stream ended without message_stop, after 1 content events' });
    expect(readStream('plumbline', `event: error\ndata: {"a":1}\n\n${stop}`).failure).toBe('the stream reported an error: {"a":1}');
    expect(readStream('openai', 'data: {"choices":[{"delta":{"content":"x"}}]}\r\n\r\ndata: [DONE]\r\n\r\n')).toEqual({ contentEvents: 1 });
    expect(readStream('plain', 'data: a\ndata: b\n\ndata: c\n\n')).toEqual({ contentEvents: 2 });
  });
});

describe('points', () => {
  it('reads times to the microsecond, in any zone', () => {
    expect(epochMsOf('2026-11-23T10:56:04.958819851Z')).toBeCloseTo(Date.UTC(2026, 10, 23, 10, 56, 4) + 958.819851, 3);
    expect(epochMsOf('2026-11-23T11:56:04+01:00')).toBe(Date.UTC(2026, 10, 23, 10, 56, 4));
    expect(() => epochMsOf('yesterday')).toThrow('expected RFC 3339');
  });

  it('reads the points that it wants and no other line', () => {
    const line = (metric: string) =>
      `{"metric":"${metric}","type":"Point","data":{"time":"2026-11-23T10:56:04Z","value":3,"tags":{"key":"k"},"metadata":{"record":"{}"}}}`;
    expect(pointOf(line('http_req_duration'))).toMatchObject({ metric: 'http_req_duration', value: 3, tags: { key: 'k' }, record: '{}' });
    expect(pointOf(line('http_req_waiting'))).toBeUndefined();
    expect(pointOf('{"type":"Metric","data":{},"metric":"http_req_duration"}')).toBeUndefined();
    expect(() => pointOf(line('http_req_duration').slice(0, 60))).toThrow();
  });

  it('cuts lines wherever the chunks end', () => {
    const lines: string[] = [];
    const cutter = lineCutter((line) => lines.push(line));
    for (const chunk of ['a', 'b\nc', '\n', 'd']) cutter.push(chunk);
    cutter.end();
    expect(lines).toEqual(['ab', 'c', 'd']);
  });

  it('makes times of the run out of k6 times: known answer', () => {
    const scenario = scenarioOf([getStep('a', '/a')]);
    const samples: AnySample[] = [];
    const maker = sampleMaker(legOf('k6', scenario, '/x'), { runId: 'r', seed: 1, traceSampleRatio: 0 }, 1_000_000, (sample) => samples.push(sample));
    const part = { arrival: 0, journey: 'only', phase: 'measured', beganAtEpochMs: 1_000_100 } as const;
    const key = '1.known.0.a';
    maker.add({ metric: 'plumbline_started', atEpochMs: 1_000_120, value: 1, tags: {}, record: JSON.stringify({ ...part, steps: [{ step: 'a', key }] }) });
    maker.add({ metric: 'http_req_duration', atEpochMs: 1_000_200, value: 70, tags: { key, phase: 'measured' } });
    const timings = { duration: 70, blocked: 8, connecting: 5, tls: 2, receiving: 10 };
    maker.add({
      metric: 'plumbline_request',
      atEpochMs: 1_000_201,
      value: 1,
      tags: {},
      record: JSON.stringify({ ...part, step: 'a', key, status: 200, protocol: 'HTTP/2.0', timings }),
    });
    expect(samples).toMatchObject([
      { sentAtMs: 122, headersAtMs: 190, firstByteAtMs: 190, endedAtMs: 200, connectMs: 7, reusedConnection: false, protocol: 'h2', outcome: 'ok' },
    ]);
    expect(maker.beganAtMs).toBe(100);
    maker.finish(300);
    expect(samples).toHaveLength(1);
  });
});
