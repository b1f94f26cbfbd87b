/** `.ci/run` on a machine whose programs are told what to say: what it does where no engine can run, and where one runs already. */
import { spawnSync } from 'node:child_process';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { emptyFolder } from '../support/cli.ts';

const script = fileURLToPath(new URL('../../.ci/run', import.meta.url));
let folder: Awaited<ReturnType<typeof emptyFolder>>;
let programs: string;

/** @param engine says of `docker info` whether one runs; `dockerd` never gets one to run */
async function machine(engine: 'runs' | 'none'): Promise<void> {
  const does = {
    docker: `exit ${engine === 'runs' ? 0 : 1}`,
    dockerd: 'echo "dockerd: no rights for this" >&2; exit 1',
    npm: 'echo "npm $* requires $PLUMBLINE_REQUIRE"',
    chromium: '',
    prometheus: '',
    k6: '',
    actionlint: '',
    postgres: '',
    'redis-server': '',
  };
  for (const [name, line] of Object.entries(does)) {
    await writeFile(join(programs, name), `#!/bin/sh\n${line}\n`);
    await chmod(join(programs, name), 0o755);
  }
}

beforeEach(async () => {
  folder = await emptyFolder();
  programs = join(folder.path, 'programs');
  await mkdir(programs);
  // No builder of tools or images beside it.
  await mkdir(join(folder.path, 'project/.ci'), { recursive: true });
  await copyFile(script, join(folder.path, 'project/.ci/run'));
});
afterEach(() => folder.remove());

function ci(env: Record<string, string> = {}): { status: number | null; stdout: string; stderr: string } {
  const { PLUMBLINE_REQUIRE: _, PLUMBLINE_WITHOUT: __, ...own } = process.env;
  return spawnSync('bash', [join(folder.path, 'project/.ci/run')], { encoding: 'utf8', env: { ...own, PATH: `${programs}:/usr/bin:/bin`, ...env } });
}

it('fails without an engine, and says how to leave the tests of containers out', async () => {
  await machine('none');
  const { status, stdout, stderr } = ci();
  expect(status).toBe(1);
  expect(stdout).toMatch(/^tools are there after \d+ s\n$/);
  expect(stderr).toContain(
    'no Docker engine runs here, and none could be started; to leave the tests of containers out all the same: PLUMBLINE_WITHOUT=docker',
  );
});

it('leaves them out when it is told to, and requires the rest', async () => {
  await machine('none');
  const { status, stdout, stderr } = ci({ PLUMBLINE_WITHOUT: 'docker' });
  expect(status).toBe(0);
  expect(stderr).toContain('the tests of containers are not required');
  expect(stdout).toContain('npm test requires chromium,k6,prometheus,promtool,actionlint,postgres,redis\n');
});

it('uses the engine that runs already, and requires its tests', async () => {
  await machine('runs');
  const { status, stdout, stderr } = ci();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('npm test requires chromium,k6,prometheus,promtool,actionlint,postgres,redis,docker\n');
});

it('refuses to leave out what it does not know', async () => {
  await machine('runs');
  expect(ci({ PLUMBLINE_WITHOUT: 'chromium' })).toMatchObject({ status: 2, stderr: 'PLUMBLINE_WITHOUT=chromium: expected docker, or nothing\n' });
});
