/** Runs the docker program, and says in plain words what is wrong with it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../usage-error.ts';

export interface DockerResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Profiles of docker-compose.yml that are stacks of their own. */
export const stackProfiles = ['core', 'full'] as const;
export type StackProfile = (typeof stackProfiles)[number];

const keptTextBytes = 4_000_000;

/** @param onLine each line of either output, as it comes. Throws UsageError `no_docker` where there is no such program. */
export function docker(args: readonly string[], onLine?: (line: string) => void): Promise<DockerResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      let rest = '';
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] = (texts[name] + text).slice(-keptTextBytes);
        if (!onLine) return;
        const lines = (rest + text).split(/\r?\n|\r/);
        rest = lines.pop() ?? '';
        for (const line of lines) if (line.trim() !== '') onLine(line.trimEnd());
      });
    }
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ENOENT'
          ? new UsageError('no_docker', 'there is no docker on the PATH; install Docker Engine (https://docs.docker.com/engine/install/) or Docker Desktop')
          : error,
      ),
    );
    child.on('close', (code) => resolve({ code, ...texts }));
  });
}

/** The project's compose file. Throws UsageError `no_compose_file` where plumbline was installed as a package, which has no sources to build the image from. */
export function composeFile(): string {
  // Beside the sources, or one folder up from the compiled ones.
  for (const up of ['../../', '../../../']) {
    const folder = fileURLToPath(new URL(up, import.meta.url));
    if (existsSync(join(folder, 'docker-compose.yml')) && existsSync(join(folder, 'Dockerfile'))) return join(folder, 'docker-compose.yml');
  }
  throw new UsageError('no_compose_file', 'the stack is built from the sources, which the package does not have: use a checkout of the project');
}

/** `docker compose` on the project's file. @param profiles none: all of them */
export function compose(profiles: readonly StackProfile[], args: readonly string[], onLine?: (line: string) => void): Promise<DockerResult> {
  const chosen = (profiles.length > 0 ? profiles : [...stackProfiles, 'k6']).flatMap((profile) => ['--profile', profile]);
  return docker(['compose', '--file', composeFile(), ...chosen, ...args], onLine);
}

/** Throws UsageError: `no_docker`, `docker_not_running`, `docker_refused` or `no_compose`. */
export async function checkDocker(): Promise<void> {
  const { code, stdout, stderr } = await docker(['version', '--format', '{{.Server.Version}}']);
  if (code !== 0 || stdout.trim() === '') throw daemonFault(stderr);
  if ((await docker(['compose', 'version'])).code !== 0)
    throw new UsageError(
      'no_compose',
      'docker has no `compose` command; install its plugin (Debian: docker-compose-plugin; https://docs.docker.com/compose/install/)',
    );
}

/** @param stderr of a docker command that could not reach its daemon */
export function daemonFault(stderr: string): UsageError {
  const words = lastLine(stderr);
  if (/permission denied/i.test(stderr))
    return new UsageError('docker_refused', `the Docker daemon does not let this user in (${words}); add the user to the group docker, or use sudo`);
  return new UsageError(
    'docker_not_running',
    `the Docker daemon is not running or cannot be reached (${words}); start it: systemctl start docker, or Docker Desktop`,
  );
}

export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim().slice(0, 500) || 'it said nothing';
}
