import { expect, test } from 'vitest';
import { parseMargins } from '../../harness/gate/parse-margins.ts';

test('margins: one for all quantiles, or by name', () => {
  expect(parseMargins(undefined)).toEqual({ p50: 0.05, p95: 0.1, p99: 0.25, floorMs: 0.3 });
  expect(parseMargins('8%')).toEqual({ p50: 0.08, p95: 0.08, p99: 0.08, floorMs: 0.3 });
  expect(parseMargins('p50=3%, floor=50us')).toEqual({ p50: 0.03, p95: 0.1, p99: 0.25, floorMs: 0.05 });
  expect(parseMargins('20%,p50=7%')).toEqual({ p50: 0.07, p95: 0.2, p99: 0.2, floorMs: 0.3 });
});

test.each([
  ['5', '"5" has no share above 0%, such as 5%'],
  ['0%', '"0%" has no share above 0%'],
  ['', '"" has no share'],
  ['p5=5%,floor=3%', '"p5" is none of p50, p95, p99, floor; did you mean p50?; "floor=3%" has no time, such as 0.3ms'],
])('refuses %j with every fault', (text, message) => {
  expect(() => parseMargins(text)).toThrow(message);
});
