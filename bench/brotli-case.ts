/** What Brotli costs the server: 500 concurrent streams, beside the same without. */
import { at, type Case, ms, percent } from './case.ts';
import { detail, driveStreams, type StreamLoad } from './stream-case.ts';
import { conditions } from './residual-case.ts';

const streams = 500;

export const brotliCase: Case = {
  name: 'brotli',
  limitMs: 90_000,
  async run(options) {
    const measured = [];
    for (const encoding of ['identity', 'br']) {
      const load: StreamLoad = { name: 'brotli', streams, protocol: 'http/1.1', runs: 1, encoding };
      for (const result of await driveStreams(load, options)) measured.push({ encoding, result });
    }
    return {
      rows: measured.map(({ encoding, result }) => ({
        what: `${streams} streams, ${encoding === 'br' ? 'Brotli' : 'identity'}: server CPU`,
        target: '',
        measured: `${percent(result.serverCpu)} of a core, lateness p99 ${ms(at(result.events?.serverLateness, 0.99))}, ${Object.keys(result.totals.encodings).join(', ') || 'identity'}, ${Math.round(result.totals.bytes / Math.max(1, result.totals.counts.ok))} B a stream`,
        limit: conditions([result]),
      })),
      details: measured.map(({ encoding, result }) => ({ encoding, ...detail(result) })),
    };
  },
};
