/** Writers on the public port and `kill -9`, again and again: what was acknowledged is there. */
import { durabilityRounds, type RoundsResult } from './durability/rounds.ts';
import type { Case, Row } from './case.ts';
import { openStorage, storageTitles } from './storage.ts';

const rounds = 100;
const quickRounds = 3;

export const durabilityCase: Case = {
  name: 'durability',
  limitMs: 1_200_000,
  async run({ quick, signal, say }) {
    const rows: Row[] = [];
    const details: Record<string, RoundsResult> = {};
    for (const kind of ['file', 'postgres'] as const) {
      const storage = await openStorage(kind);
      try {
        const result = await durabilityRounds({ rounds: quick ? quickRounds : rounds, flags: storage.flags, signal });
        details[kind] = result;
        say(`${storageTitles[kind]}: ${result.acknowledged} writes acknowledged in ${result.rounds} rounds`);
        rows.push({
          what: `kill -9, ${storageTitles[kind]}: acknowledged writes that were lost`,
          target: '0',
          measured: `${result.lost.length} of ${result.acknowledged}, ${result.rounds} rounds`,
          met: result.lost.length === 0,
          limit: result.lost[0] ?? 'the end of a process, no power cut',
        });
      } finally {
        await storage.stop();
      }
    }
    return { rows, details };
  },
};
