/** The committed rules in a real Prometheus, on a real run: silent while all is well, one alert when a class is broken, silent again when it is mended. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recordedNames, runMetricNames } from '../../scenarios/names.ts';
import { putProfile, start, until } from '../server/frame.ts';
import { emptyFolder, plumbline } from '../support/cli.ts';
import { onlyWrittenRun } from '../support/runs.ts';
import { requireTool } from '../support/tools.ts';
import { freePort, withPrometheus } from '../telemetry/prometheus.ts';

const prometheus = requireTool('prometheus');
const rules = join(import.meta.dirname, '../../prometheus/rules');
const ruleFiles = readdirSync(rules).map((name) => join(rules, name));

const broken = 'extends: observed\nclasses:\n  crud: {total: {p0: 600ms, p50: 1s, p100: 2s}, errorRatio: 0.2}\n';
const healthyMs = 15_000;
/** They tell how busy this machine is, which no test decides. */
const ofTheMachine = ['EventLoopHeldUp', 'Overruns', 'DriverLate', 'RunInvalid'];

describe.skipIf(prometheus === undefined)('alerts', () => {
  it('fire on an injected burn of that class and no other, and not before it, nor after', { timeout: 240_000 }, async () => {
    const server = await start({ profile: 'observed' });
    const folder = await emptyFolder();
    const port = await freePort();
    let run: ReturnType<typeof plumbline> | undefined;
    const profile = async (yaml: string): Promise<void> => {
      expect((await putProfile(server.controlUrl, yaml)).status).toBe(200);
    };
    try {
      await withPrometheus(prometheus as string, { target: server.url, driver: `http://127.0.0.1:${port}`, ruleFiles }, async ({ query, firing }) => {
        const alerts = async (): Promise<string[]> =>
          (await firing())
            .filter(({ alertname = '' }) => !ofTheMachine.includes(alertname))
            .map(({ alertname, latency_class, slo }) => [alertname, latency_class, slo].filter(Boolean).join(' '))
            .sort();
        const ofARun = async (): Promise<string[]> => (await alerts()).filter((alert) => alert.startsWith('SloBurnRun'));
        const seconds = (count: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, count * 1_000));

        const driver = ['--metrics-port', String(port), '--metrics-linger', '15', '--no-traces'];
        const scenario = ['crud', '--target', server.url, '--control', server.controlUrl, '--warmup', '3s', '--duration', '75s'];
        run = plumbline(['run', ...scenario, ...driver], folder.path);
        await until(async () => (await query(`${runMetricNames.phase}{phase="measured"} == 1`)).length === 1, 'the run is under way', 60_000);

        const seen = new Set<string>();
        for (const untilMs = performance.now() + healthyMs; performance.now() < untilMs; await seconds(1)) {
          for (const alert of await alerts()) seen.add(alert);
        }
        expect([...seen]).toEqual([]);
        const badShare = async (): Promise<Record<string, number>> =>
          Object.fromEntries((await query(recordedNames.badRatio['1m'])).map(({ metric, value }) => [`${metric['latency_class']} ${metric['slo']}`, value]));
        const healthy = await badShare();
        expect(Object.keys(healthy).sort()).toEqual(['crud availability', 'crud latency', 'metadata availability', 'metadata latency']);
        expect(healthy['crud availability']).toBe(0);

        await profile(broken);
        const expected = ['SloBurnRun crud availability', 'SloBurnRun crud latency'];
        await until(async () => (await ofARun()).length === expected.length, 'the alerts of the broken class fire', 40_000);
        expect(await ofARun()).toEqual(expected);
        const shares = await badShare();
        expect(shares['crud latency']).toBeGreaterThan(0.3);
        expect(shares['crud availability']).toBeLessThan(0.25);

        await profile('extends: observed\n');
        await until(async () => (await ofARun()).length === 0, 'they end with the fault', 40_000);
        // The fault fails the run's own objectives; a busy machine makes it invalid.
        expect([99, 75]).toContain((await run)?.code);
        await seconds(10);
        const after = await firing();
        expect(after.filter(({ alertname }) => alertname === 'RunLost' || alertname === 'SloBurnRun')).toEqual([]);
        const { run: written } = await onlyWrittenRun(join(folder.path, 'results'));
        expect(after.some(({ alertname }) => alertname === 'RunInvalid')).toBe(written.verdict.verdict === 'invalid');
      });
    } finally {
      await server.stop();
      await run;
      await folder.remove();
    }
  });
});
