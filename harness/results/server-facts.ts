import type { ControlClient } from '../control-client.ts';
import type { RunTarget, ServerAccount } from './run-file.ts';

export interface ServerFacts {
  profile?: NonNullable<RunTarget['profile']>;
  /** Operation -> [quantile, ms]; empty without a control port. */
  declared: Record<string, [number, number][]>;
  /** The server's own account since these facts were taken. */
  account(): Promise<ServerAccount | undefined>;
}

/** What the control port says before a run, and, later, what it says of the run. Without a control port nothing is known. */
export async function serverFacts(control: ControlClient | undefined): Promise<ServerFacts> {
  if (!control) return { declared: {}, account: async () => undefined };
  const { name, seed, hash, declared } = await control.profile();
  await control.resetTruth();
  return {
    profile: { name, seed, hash },
    declared,
    async account() {
      const { loopDelay, overruns, rssBytes, cpuMs, streams } = await control.truth();
      return { loopDelay, overruns, rssBytes, cpuMs, streams };
    },
  };
}
