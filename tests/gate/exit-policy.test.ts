import { expect, test } from 'vitest';
import { gateExit, parseOnInconclusive, retries } from '../../harness/gate/exit-policy.ts';

test('exit codes by verdict and policy: only inconclusive is a matter of policy', () => {
  const codes = (policy: string | undefined) =>
    (['pass', 'fail', 'inconclusive', 'invalid'] as const).map((verdict) => gateExit(verdict, parseOnInconclusive(policy)).code);
  expect(codes(undefined)).toEqual([0, 99, 75, 75]);
  expect(codes('fail')).toEqual([0, 99, 99, 75]);
  expect(codes('warn')).toEqual([0, 99, 0, 75]);
  expect(codes('retry:2')).toEqual([0, 99, 75, 75]);
});

test('what is let through without having passed comes with a warning', () => {
  expect(gateExit('inconclusive', { kind: 'warn' }).warning).toContain('a regression was not ruled out');
  expect(gateExit('pass', { kind: 'warn' }).warning).toBeUndefined();
});

test('retries so many times, what is inconclusive or invalid, never a missing base', () => {
  const policy = parseOnInconclusive('retry:2');
  expect([0, 1, 2].map((done) => retries({ verdict: 'inconclusive' }, policy, done))).toEqual([true, true, false]);
  expect(retries({ verdict: 'invalid' }, policy, 0)).toBe(true);
  expect(retries({ verdict: 'inconclusive', noBase: 'x' }, policy, 0)).toBe(false);
  expect(retries({ verdict: 'fail' }, policy, 0) || retries({ verdict: 'pass' }, policy, 0)).toBe(false);
  expect(retries({ verdict: 'inconclusive' }, { kind: 'warn' }, 0)).toBe(false);
});

test.each(['retry', 'retry:0', 'retry:9', 'pass', ''])('refuses %j', (text) => {
  expect(() => parseOnInconclusive(text)).toThrow('expected fail (exit code 99), warn (0, with a warning) or retry:N');
});
