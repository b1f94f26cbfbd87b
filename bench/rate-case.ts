/** Plain requests at 5,000/s against a bare server that answers at once: the native driver, beside autocannon and k6 (where there is one). */
import { k6Path } from '../harness/commands/drivers.ts';
import type { DriverName } from '../harness/sample.ts';
import { plainScenario } from './bench-scenarios.ts';
import { at, type Case, ms, percent, type Row } from './case.ts';
import type { DriveJob, DriveResult } from './drive-job.ts';
import { driveJobs, startBareServer } from './pinned.ts';
import { brief, conditions } from './residual-case.ts';

const ratePerSecond = 5_000;
const maxLagP99Ms = 5;
/** As autocannon's own default. */
const closedLoopConnections = 10;
/** Enough for 5,000/s at answers within a millisecond or two; making many more takes k6 longer than the run. */
const k6Users = 100;

export const rateCase: Case = {
  name: 'rate',
  limitMs: 90_000,
  async run({ quick, signal, calmMs }) {
    const names: DriverName[] = k6Path() === undefined ? ['native', 'autocannon'] : ['native', 'autocannon', 'k6'];
    const rows: Row[] = [];
    const details: object[] = [];
    const bare = await startBareServer('none', signal);
    try {
      for (const driver of names) {
        const job: DriveJob = {
          scenario: plainScenario('settings.features.read', { bare: true }),
          driver,
          load: driver === 'autocannon' ? { kind: 'closed', vus: closedLoopConnections } : { kind: 'constant', ratePerSecond },
          warmupMs: 1_000,
          durationMs: quick ? 2_000 : 8_000,
          ...(driver === 'k6' && { maxInFlight: k6Users }),
          seed: 1,
          target: { url: bare.url, protocol: 'http/1.1', insecureTls: false },
          serverPids: [bare.pid],
        };
        const [result] = await driveJobs([job], { signal, calmMs });
        if (!result) continue;
        rows.push(...rowsOf(driver, result));
        details.push({ driver, ...brief(result), scheduleLag: result.metrics.scheduleLag, latency: result.metrics.latency });
      }
    } finally {
      await bare.stop();
    }
    if (!names.includes('k6')) rows.push({ what: 'k6 at 5,000/s', target: '', measured: 'not measured', limit: 'no k6 on PATH or in K6_BIN' });
    return { rows, details };
  },
};

function rowsOf(driver: DriverName, result: DriveResult): Row[] {
  const { totals } = result;
  const lost = totals.counts.failed + totals.counts.timeout + totals.counts.dropped;
  const reached = `${Math.round(totals.achievedPerSecond)}/s, ${lost} lost, ${percent(result.driverCpu)} of a core`;
  const under = conditions([result]);
  if (driver !== 'native') {
    const limit =
      driver === 'k6'
        ? `through the harness: its JSON output and the reading of it share the core; ${under}`
        : `closed loop of ${closedLoopConnections} connections; ${under}`;
    return [{ what: `${driver}, plain requests`, target: '', measured: reached, limit }];
  }
  const lag = at(result.metrics.scheduleLag, 0.99);
  const isMet = totals.achievedPerSecond >= ratePerSecond * 0.99 && lost === 0;
  return [
    { what: 'native, plain requests: rate', target: '5,000/s', measured: reached, met: isMet, limit: under },
    { what: 'native, plain requests: schedule lag p99', target: ms(maxLagP99Ms), measured: ms(lag), met: lag <= maxLagP99Ms, limit: under },
  ];
}
