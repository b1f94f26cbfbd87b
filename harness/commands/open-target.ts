import { readFile } from 'node:fs/promises';
import { type ControlClient, controlClient } from '../control-client.ts';
import type { Target } from '../plan/plan.ts';
import { parseWhole } from '../plan/durations.ts';
import { checkTarget, targetOf } from '../plan/target.ts';
import { startServerProcess } from '../server-process.ts';
import { UsageError } from '../usage-error.ts';

export interface TargetFlags {
  target?: string;
  control?: string;
  allowHost: string[];
  maxRequests?: string;
  profile?: string;
  tls?: boolean;
  seed: string;
}

export interface OpenTarget {
  target: Target;
  control?: ControlClient;
  /** Stops what was started. */
  close(): Promise<void>;
}

/** The server that the flags mean: a given one, checked by the target rule, or the reference server, started for this run. */
export async function openTarget(flags: TargetFlags): Promise<OpenTarget> {
  if (flags.target !== undefined) return givenTarget(flags.target, flags);
  const server = await startServerProcess({
    seed: parseWhole(flags.seed, '--seed'),
    ...(flags.profile !== undefined && { profile: flags.profile }),
    ...(flags.tls && { tls: true }),
  }).catch((error: Error) => {
    throw new UsageError('server_start', error.message);
  });
  return { target: targetOf(new URL(server.url), server.controlUrl), control: controlClient(server.controlUrl), close: () => server.stop() };
}

async function givenTarget(text: string, flags: TargetFlags): Promise<OpenTarget> {
  const url = checkTarget(text, flags.allowHost, flags.maxRequests === undefined ? undefined : parseWhole(flags.maxRequests, '--max-requests', 1));
  if (flags.tls && url.protocol !== 'https:')
    throw new UsageError('tls_target', `--tls starts our own server with TLS; for a target write https:// (given: ${text})`);
  const control = flags.control === undefined ? undefined : controlClient(checkTarget(flags.control, [], undefined).origin);
  if (flags.profile !== undefined) {
    if (!control)
      throw new UsageError(
        'profile_needs_control',
        '--profile with --target needs --control <url of its control port>: only a reference server can take a profile',
      );
    await control
      .swapProfile(/\.ya?ml$/.test(flags.profile) ? { yaml: await readFile(flags.profile, 'utf8') } : { name: flags.profile })
      .catch((error: Error) => {
        throw new UsageError('profile_refused', error.message);
      });
  }
  return { target: targetOf(url, flags.control), ...(control && { control }), close: async () => undefined };
}
