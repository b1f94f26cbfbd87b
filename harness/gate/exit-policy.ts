import { exitCodeOf } from '../judge/verdict.ts';
import { UsageError } from '../usage-error.ts';
import type { GateVerdict } from './types.ts';

/** What an inconclusive gate is to a build. `retry`: measure again, at most so many times; what is still inconclusive then is 75. Without any: 75 at once. */
export type OnInconclusive = { kind: 'exit' } | { kind: 'fail' } | { kind: 'warn' } | { kind: 'retry'; times: number };

const mostRetries = 5;

/** `fail`, `warn`, `retry:2`; undefined is the default. Throws UsageError `on_inconclusive`. */
export function parseOnInconclusive(text: string | undefined): OnInconclusive {
  if (text === undefined) return { kind: 'exit' };
  if (text === 'fail' || text === 'warn') return { kind: text };
  const times = Number(/^retry:(\d+)$/.exec(text)?.[1]);
  if (times >= 1 && times <= mostRetries) return { kind: 'retry', times };
  throw new UsageError(
    'on_inconclusive',
    `--on-inconclusive: given "${text}", expected fail (exit code 99), warn (0, with a warning) or retry:N (measure again up to N times, 1 to ${mostRetries})`,
  );
}

/** Whether to measure again, after so many retries. An invalid gate is measured again, too: what was in the way may have gone. A missing base stays missing. */
export function retries({ verdict, noBase }: { verdict: GateVerdict; noBase?: string | undefined }, policy: OnInconclusive, done: number): boolean {
  return policy.kind === 'retry' && done < policy.times && noBase === undefined && (verdict === 'inconclusive' || verdict === 'invalid');
}

/**
 * 0 pass, 99 fail, 75 inconclusive or invalid. The policy changes what inconclusive is, and nothing else: an invalid gate is never let through, since nothing was
 * measured. `warning`: it is let through without having passed, and whoever prints says so.
 */
export function gateExit(verdict: GateVerdict, policy: OnInconclusive): { code: 0 | 99 | 75; warning?: string } {
  if (verdict !== 'inconclusive') return { code: exitCodeOf(verdict) };
  if (policy.kind === 'fail') return { code: 99 };
  if (policy.kind === 'warn') return { code: 0, warning: 'inconclusive, let through by --on-inconclusive warn: a regression was not ruled out' };
  return { code: exitCodeOf(verdict) };
}
