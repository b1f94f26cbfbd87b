/** A reference server, of this plumbline or of another checkout, as a side. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startServerProcess } from '../../server-process.ts';
import type { SideName } from '../types.ts';
import { processTreeCpuMs } from './process-cpu.ts';
import { type RunningSide, type Side, type SideIdentity, SideFault } from './side.ts';
import { unset } from './started-program.ts';

export interface ReferenceOptions {
  name: SideName;
  identity: SideIdentity;
  /** Shipped name, or a YAML file, which is taken as it is. */
  profile: string;
  /** `reference-server/main.ts` of another checkout. Absent: ours. */
  mainFile?: string;
  /** Further flags, such as `--slow`. */
  flags: readonly string[];
  /** Names of variables that it does not get of our environment. */
  withheld?: readonly string[];
  remove(): Promise<void>;
}

/** A shipped profile is taken with `work: added`: the draw comes on top of the work, so that slower code is slower. */
export async function referenceSide(options: ReferenceOptions): Promise<Side> {
  const { name, identity, mainFile, flags } = options;
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-gate-profile-'));
  const profile = /[/\\]|\.ya?ml$/.test(options.profile) ? resolve(options.profile) : join(folder, `${options.profile}-added.yaml`);
  if (profile.startsWith(folder)) await writeFile(profile, `name: ${options.profile}-added\nextends: ${options.profile}\nwork: added\n`);
  return {
    name,
    identity,
    fresh: true,
    async start(signal) {
      const prefix = ['env', ...unset(options.withheld)];
      const server = await startServerProcess({ profile, flags, prefix, ...(mainFile !== undefined && { mainFile }) }, signal).catch((error: Error) => {
        throw new SideFault(name, 'start', error.message.replace(/\s+/g, ' '));
      });
      const running: RunningSide = {
        url: server.url,
        controlUrl: server.controlUrl,
        lost: server.lost,
        stop: () => server.stop(),
        cpuMs: () => processTreeCpuMs(server.pid),
      };
      return running;
    },
    async remove() {
      await rm(folder, { recursive: true, force: true });
      await options.remove();
    },
  };
}
