import { validityLimits } from '../../scenarios/validity-limits.ts';
import type { LegMeasurement, Validity, ValidityCheck } from '../results/run-file.ts';
import { quantileOf } from '../results/distribution.ts';
import { formatMs, formatRatio } from './text.ts';

/**
 * Whether the load was delivered as planned, so that the numbers speak of the server. The four checks of the generator apply to the open model; a closed loop has
 * no schedule to miss and is checked for samples and interruption alone. A value that the driver cannot tell is not applied: `ok` without a `value`, and its text says so.
 */
export function judgeValidity(leg: LegMeasurement): Validity {
  const open = leg.model === 'open';
  const checks = [
    ...(leg.failure === undefined ? [] : [check('failed', 'count', 1, 0, false, `failed: ${leg.failure}`)]),
    open ? scheduleLag(leg) : notApplied('scheduleLag', 'ms', 'closed loop: no schedule to lag behind'),
    open ? achieved(leg) : notApplied('achieved', 'ratio', 'closed loop: nothing was offered, the rate is what came of it'),
    open ? dropped(leg) : notApplied('dropped', 'ratio', 'closed loop: nothing is ever due, so nothing can be dropped'),
    open ? loopDelay(leg) : notApplied('loopDelay', 'ms', 'closed loop: judged on errors only'),
    interrupted(leg),
    samples(leg),
  ];
  return { valid: checks.every(({ ok }) => ok), checks };
}

function scheduleLag(leg: LegMeasurement): ValidityCheck {
  const lag = leg.all.scheduleLag && quantileOf(leg.all.scheduleLag, 0.99)?.ms;
  if (lag === undefined) return notApplied('scheduleLag', 'ms', `schedule lag: not applied, ${reasonOf(leg, 'scheduleLag')}`);
  const medianMs = (leg.all.latency && quantileOf(leg.all.latency, 0.5)?.ms) ?? 0;
  const limit = Math.max(validityLimits.scheduleLagP99Ms, validityLimits.scheduleLagShareOfMedian * medianMs);
  const why = limit > validityLimits.scheduleLagP99Ms ? '5% of the median latency' : 'or 5% of the median latency if that is more';
  return check('scheduleLag', 'ms', lag, limit, lag <= limit, `schedule lag p99 ${formatMs(lag)}, limit ${formatMs(limit)} (${why})`);
}

function achieved(leg: LegMeasurement): ValidityCheck {
  const { offeredPerSecond: offered, achievedPerSecond } = leg.totals;
  if (offered === undefined || offered === 0) return notApplied('achieved', 'ratio', `achieved rate: not applied, ${reasonOf(leg, 'achieved')}`);
  const ratio = achievedPerSecond / offered;
  const limit = validityLimits.achievedRatio;
  return check(
    'achieved',
    'ratio',
    ratio,
    limit,
    ratio >= limit,
    `achieved ${round(achievedPerSecond)} of ${round(offered)} requests/s offered (${formatRatio(ratio)}), at least ${formatRatio(limit)}`,
  );
}

function dropped(leg: LegMeasurement): ValidityCheck {
  const { counts } = leg.totals;
  const due = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const ratio = due > 0 ? counts.dropped / due : 0;
  const limit = validityLimits.droppedRatio;
  return check(
    'dropped',
    'ratio',
    ratio,
    limit,
    ratio <= limit,
    `${counts.dropped} of ${due} requests dropped (${formatRatio(ratio)}), at most ${formatRatio(limit)}`,
  );
}

function loopDelay(leg: LegMeasurement): ValidityCheck {
  const delay = leg.driverReport.loopDelay?.p99Ms;
  if (delay === undefined) return notApplied('loopDelay', 'ms', `loop delay of the driver: not applied, ${reasonOf(leg, 'loopDelay')}`);
  const limit = validityLimits.loopDelayP99Ms;
  return check('loopDelay', 'ms', delay, limit, delay <= limit, `loop delay of the driver p99 ${formatMs(delay)}, limit ${formatMs(limit)}`);
}

function interrupted({ driverReport, failure }: LegMeasurement): ValidityCheck {
  const stopped = driverReport.interrupted;
  if (failure !== undefined && !stopped) return notApplied('interrupted', 'count', 'not stopped: it failed');
  return check(
    'interrupted',
    'count',
    stopped ? 1 : 0,
    0,
    !stopped,
    stopped ? 'interrupted: stopped before its end, what was measured until then is kept' : 'ran to its end',
  );
}

function samples({ totals }: LegMeasurement): ValidityCheck {
  const { ok, failed, timeout, aborted } = totals.counts;
  const sent = ok + failed + timeout + aborted;
  return check('samples', 'count', sent, 1, sent >= 1, sent >= 1 ? `${sent} requests measured` : 'no request was sent in the measured phase');
}

function reasonOf(leg: LegMeasurement, metric: ValidityCheck['name']): string {
  return leg.driverReport.notAvailable.find((entry) => entry.metric === metric)?.reason ?? `the ${leg.driver} driver does not tell it`;
}

function notApplied(name: ValidityCheck['name'], unit: ValidityCheck['unit'], text: string): ValidityCheck {
  return { name, ok: true, unit, text };
}

function check(name: ValidityCheck['name'], unit: ValidityCheck['unit'], value: number, limit: number, ok: boolean, text: string): ValidityCheck {
  return { name, ok, value, limit, unit, text };
}

function round(perSecond: number): string {
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toFixed(2);
}
