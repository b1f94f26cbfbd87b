import { assert, constantFrom, double, oneof, option, property, record, string } from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { suggestion } from '../../scenarios/nearest-name.ts';
import { parseThresholds, thresholdText } from '../../scenarios/threshold-grammar.ts';
import type { Objective } from '../../scenarios/types.ts';

const one = (text: string): Objective | undefined => {
  const { thresholds, faults } = parseThresholds(text);
  expect(faults).toEqual([]);
  expect(thresholds).toHaveLength(1);
  return thresholds[0]?.objective;
};
const faultOf = (text: string): string | undefined => parseThresholds(text).faults[0]?.message;

describe('a threshold', () => {
  it.each<[string, Objective]>([
    ['p95(crud) < 700ms', { metric: 'latency', latencyClass: 'crud', quantile: 0.95, max: 700 }],
    ['goodput > 99%', { metric: 'goodputRatio', min: 0.99 }],
    ['error_rate < 0.1%', { metric: 'errorRatio', max: 0.001 }],
    ['error_rate(chat.completion) <= 0.001', { metric: 'errorRatio', operation: 'chat.completion', max: 0.001 }],
    ['p50 < 0.4s', { metric: 'latency', quantile: 0.5, max: 400 }],
    ['p99.9<700 ms', { metric: 'latency', quantile: 0.999, max: 700 }],
    ['ttft p95(chat.completion) < 1.5s', { metric: 'ttft', operation: 'chat.completion', quantile: 0.95, max: 1_500 }],
    [
      'latency p50(chat.conversations.list, crud) < 300us',
      { metric: 'latency', operation: 'chat.conversations.list', latencyClass: 'crud', quantile: 0.5, max: 0.3 },
    ],
    ['milestone p50(load) < 7s', { metric: 'milestone', milestone: 'load', quantile: 0.5, max: 7_000 }],
    ['residual p5 >= -1ms and <= 2ms', { metric: 'residual', quantile: 0.05, min: -1, max: 2 }],
    ['p50("GET /a, b; c") < 1s', { metric: 'latency', operation: 'GET /a, b; c', quantile: 0.5, max: 1_000 }],
    ['p50(operation:crud) < 1s', { metric: 'latency', operation: 'crud', quantile: 0.5, max: 1_000 }],
    ['p50("crud") < 1s', { metric: 'latency', operation: 'crud', quantile: 0.5, max: 1_000 }],
    ['achieved > 99.5%', { metric: 'achievedRatio', min: 0.995 }],
  ])('%s', (text, objective) => {
    expect(one(text)).toEqual(objective);
  });

  it('may name its scenario, and several are separated by semicolons and lines', () => {
    const { thresholds, faults } = parseThresholds('sse: ttft p95 < 1.5s; p50("a;b") < 1ms\n\n crud: error_rate < 1% ;');
    expect(faults).toEqual([]);
    expect(thresholds.map(({ scenario, text }) => [scenario, text])).toEqual([
      ['sse', 'sse: ttft p95 < 1.5s'],
      [undefined, 'p50("a;b") < 1ms'],
      ['crud', 'crud: error_rate < 1%'],
    ]);
    expect(thresholds[0]?.objective).toEqual({ metric: 'ttft', quantile: 0.95, max: 1_500 });
  });

  it.each([
    ['p95(crud) < 700', 'given 700, expected a time with its unit: 700ms, 700s or 700us'],
    ['p95(crud < 700ms', 'at 10: given "<", expected ")"'],
    ['p95(crud) 700ms', 'at 11: given "700ms", expected <, <=, > or >='],
    ['p95(crud)', 'ends too early, expected a bound, such as < 700ms'],
    ['p950(crud) < 1s', 'at 1: given "p950", expected a quantile between p0 and p100, such as p95'],
    ['p100 < 1s', 'at 1: given "p100", expected a quantile between p0 and p100, such as p95'],
    [
      'tfft p95 < 1s',
      'at 1: given "tfft", expected p95 or one of latency, serviceTime, ttfb, ttft, tpot, maxGap, residual, milestone, error_rate, goodput, achieved; did you mean ttft?',
    ],
    [
      'errorrate < 1%',
      'at 1: given "errorrate", expected p95 or one of latency, serviceTime, ttfb, ttft, tpot, maxGap, residual, milestone, error_rate, goodput, achieved; did you mean error_rate?',
    ],
    ['ttft < 1s', 'at 6: given "<", expected a quantile between p0 and p100, such as p95'],
    ['goodput > 99', 'given 99, expected a share from 0% to 100%; in percent it is 99%'],
    ['goodput > 101%', 'given 101%, expected a share from 0% to 100%'],
    ['goodput > 99ms', 'given 99ms, expected a share: 99.9% or 0.999'],
    ['p50(class:crdu) < 1s', 'given the class "crdu", expected one of static, metadata, crud, completion; did you mean crud?'],
    ['p50(crud, metadata) < 1s', 'has two latency classes: write two thresholds'],
    ['p50(a, b) < 1s', 'has two operations: write two thresholds'],
    ['p50 < 1s and < 2s', 'has two upper bounds'],
    ['p50 < 1s or so', 'at 10: given "or", expected nothing more'],
    ['milestone p50 < 1s', 'a milestone needs its one name, such as milestone p50(load)'],
    ['p50() < 1s', 'at 5: given ")", expected a name'],
    ['p50("a\\q") < 1s', 'at 5: "a\\q" is no text in quotation marks, as JSON has it'],
    ['p50("a) < 1s', 'at 5: a quotation mark that nothing closes'],
  ])('that cannot be read says where and what is expected: %s', (text, message) => {
    expect(faultOf(text)).toBe(message);
  });

  it('tells every faulty one of several at once', () => {
    const { thresholds, faults } = parseThresholds('p95 < 1s; p95 < 1; goodput 5; error_rate < 1%');
    expect(thresholds).toHaveLength(2);
    expect(faults.map(({ text }) => text)).toEqual(['p95 < 1', 'goodput 5']);
  });
});

test('every objective is read back from its text as it was', () => {
  const name = oneof(string({ minLength: 1 }), constantFrom('crud', 'chat.completion', 'class', 'GET /x', 'a:b', 'p95', '"', '\\', 'and', '<'));
  const scope = record(
    { operation: name, latencyClass: constantFrom<NonNullable<Objective['latencyClass']>>('static', 'metadata', 'crud', 'completion') },
    { requiredKeys: [] },
  );
  const quantile = oneof(constantFrom(0.5, 0.95, 0.99, 0.999, 0.07, 0.29), double({ min: 0.0001, max: 0.9999, noNaN: true }));
  const time = double({ min: 0, max: 1e6, noNaN: true }).map((ms) => ms + 0);
  const share = oneof(constantFrom(0, 0.001, 0.07, 0.29, 0.57, 1), double({ min: 0, max: 1, noNaN: true }));
  const bounds = (value: typeof time) => oneof(record({ max: value }), record({ min: value }), record({ min: value, max: value }));
  const objective = oneof(
    record({ metric: constantFrom<Objective['metric']>('latency', 'serviceTime', 'ttfb', 'ttft', 'tpot', 'maxGap', 'residual'), quantile }).chain((base) =>
      record({ scope, bound: bounds(time) }).map(({ scope: of, bound }): Objective => ({ ...base, ...of, ...bound })),
    ),
    record({ metric: constantFrom<Objective['metric']>('errorRatio', 'goodputRatio', 'achievedRatio'), scope, bound: bounds(share) }).map(
      ({ metric, scope: of, bound }): Objective => ({ metric, ...of, ...bound }),
    ),
    record({ milestone: name, quantile, bound: bounds(time) }).map(
      ({ milestone, quantile: q, bound }): Objective => ({ metric: 'milestone', milestone, quantile: q, ...bound }),
    ),
  );
  assert(
    property(objective, option(constantFrom('; p50 < 1s', '\n')), (given, more) => {
      const { thresholds, faults } = parseThresholds(`${thresholdText(given)}${more ?? ''}`);
      expect(faults).toEqual([]);
      expect(thresholds[0]?.objective).toEqual(given);
    }),
    { numRuns: 2_000 },
  );
});

test('a name is suggested where one is near, and none where none is', () => {
  const operations = ['chat.conversations.list', 'chat.conversations.read', 'projects.read'];
  expect(suggestion('chat.conversation.lsit', operations)).toBe('; did you mean chat.conversations.list?');
  expect(suggestion('CRUD', ['crud', 'static'])).toBe('; did you mean crud?');
  expect(suggestion('billing', operations)).toBe('');
  expect(suggestion('x', [])).toBe('');
});
