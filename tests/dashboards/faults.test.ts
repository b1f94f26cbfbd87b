/** A fault moves the panels that name it, and the others stay: real server, real load, real Prometheus, the boards' own queries. */
import { beforeAll, describe, expect, it } from 'vitest';
import { requireTool } from '../support/tools.ts';
import { faultCases, quietProfile } from './faults-expected.ts';
import { type Expectation, faultsTable, judge, placeName, type Readings } from './faults-judge.ts';
import { withFaults } from './faults-load.ts';
import { readPlaces } from './panel-readings.ts';

const prometheusFile = requireTool('prometheus');
const timing = { warmUpMs: 6_000, quietMs: 20_000, faultMs: 11_000, settleMs: 6_000 };
const places = [...new Map(faultCases.flatMap(({ expected }) => expected).map((place) => [placeName(place), place])).values()];

function failures(expectations: readonly Expectation[], before: Readings, after: Readings): string[] {
  return judge(expectations, before, after).flatMap(({ expectation, holds }) => (holds ? [] : [placeName(expectation)]));
}

describe.skipIf(prometheusFile === undefined)('faults', () => {
  let quiet: Readings;
  /** The first half of the quiet phase. */
  let quietBefore: Readings;
  const during = new Map<string, Readings>();

  beforeAll(async () => {
    const startedMs = performance.now();
    await withFaults(prometheusFile as string, { ...timing, quietProfile, faults: faultCases }, async ({ prometheus, phases }) => {
      const [{ settledMs, toMs }, ...others] = phases;
      const fromMs = settledMs - timing.settleMs - timing.warmUpMs;
      const halfMs = (settledMs + toMs) / 2;
      quietBefore = await readPlaces(prometheus, places, { fromMs, window: { fromMs: settledMs, toMs: halfMs } });
      quiet = await readPlaces(prometheus, places, { fromMs, window: { fromMs: halfMs, toMs } });
      console.log(`delay of the machine itself, p99: ${phases.map(({ name, machineDelayMs }) => `${name} ${machineDelayMs.toFixed(0)} ms`).join(', ')}`);
      for (const phase of others)
        during.set(phase.name, await readPlaces(prometheus, places, { fromMs, window: { fromMs: phase.settledMs, toMs: phase.toMs } }));
    });
    console.log(`faults: ${faultCases.length} in ${Math.round((performance.now() - startedMs) / 1_000)} s, ${places.length} series of panels`);
  }, 240_000);

  const readingsOf = (name: string): Readings => during.get(name) ?? new Map();

  it.each(faultCases)('$name: the panels that name it move, the others stay', ({ name, expected }) => {
    const judged = judge(expected, quiet, readingsOf(name));
    console.log(faultsTable(name, judged));
    expect(judged.flatMap(({ expectation, holds }) => (holds ? [] : [placeName(expectation)]))).toEqual([]);
  });

  it.each(faultCases)('$name: without the fault, the same judge finds nothing moved and everything else in its place', ({ expected }) => {
    const moving = expected.filter(({ does }) => does === 'rises');
    expect(failures(moving, quietBefore, quiet)).toEqual(moving.map(placeName));
    expect(
      failures(
        expected.filter(({ does }) => does === 'stays'),
        quietBefore,
        quiet,
      ),
    ).toEqual([]);
  });

  it('each fault is told from each other: no table holds for another fault', () => {
    for (const { name, expected } of faultCases) {
      for (const other of faultCases) {
        if (other.name === name) continue;
        expect([name, other.name, failures(expected, quiet, readingsOf(other.name)).length > 0]).toEqual([name, other.name, true]);
      }
    }
  });
});
