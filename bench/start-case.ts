/** From the start of the process to ready. */
import { waitForCalm } from './calm.ts';
import { type Case, median, ms } from './case.ts';
import { startPinnedServer } from './pinned.ts';

const maxMs = 1_000;

export const startCase: Case = {
  name: 'start',
  limitMs: 60_000,
  async run({ quick, signal, calmMs }) {
    const tookMs: number[] = [];
    for (let run = 0; run < (quick ? 3 : 5); run += 1) {
      if (calmMs > 0) await waitForCalm(calmMs, signal);
      const fromMs = performance.now();
      const server = await startPinnedServer({}, signal);
      tookMs.push(performance.now() - fromMs);
      await server.stop();
    }
    const value = median(tookMs);
    return {
      rows: [
        {
          what: 'start to ready, median',
          target: ms(maxMs),
          measured: `${ms(value)} (${tookMs.map((took) => took.toFixed(0)).join(', ')})`,
          met: value <= maxMs,
          limit: 'loading modules, seeding the store',
        },
      ],
      details: { tookMs },
    };
  },
};
