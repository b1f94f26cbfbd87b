import type { ControlClient } from '../control-client.ts';
import type { RunTarget, ServerAccount } from './run-file.ts';

export interface ServerFacts {
  profile?: NonNullable<RunTarget['profile']>;
  /** Operation -> [quantile, ms]; empty without a control port. */
  declared: Record<string, [number, number][]>;
  /** The server's own account since these facts were taken; `missing` says why there is none from a server that had one to give. Never throws. */
  account(): Promise<{ account?: ServerAccount; missing?: string }>;
}

/** What the control port says before a run, and, later, what it says of the run. Without a control port nothing is known. Throws when there is none where one was named. */
export async function serverFacts(control: ControlClient | undefined): Promise<ServerFacts> {
  if (!control) return { declared: {}, account: async () => ({}) };
  const { name, seed, hash, declared } = await control.profile();
  await control.resetTruth();
  return {
    profile: { name, seed, hash },
    declared,
    async account() {
      try {
        const { loopDelay, overruns, rssBytes, cpuMs, streams } = await control.truth();
        return { account: { loopDelay, overruns, rssBytes, cpuMs, streams } };
      } catch (error) {
        // A server that ended in mid-run must not take along what was measured of it.
        return { missing: `no account of the server: its control port does not answer any more (${error instanceof Error ? error.message : String(error)})` };
      }
    },
  };
}
