import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cliFile, emptyFolder, plumbline } from '../support/cli.ts';
import { isAlive } from '../support/processes.ts';

interface Ready {
  url: string;
  controlUrl: string;
  pid: number;
}

let folder: Awaited<ReturnType<typeof emptyFolder>>;
const started: ChildProcess[] = [];
const servers: number[] = [];
beforeEach(async () => {
  folder = await emptyFolder();
});
afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  for (const pid of servers.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  await folder.remove();
});

async function serve(...flags: string[]): Promise<{ child: ChildProcess; ready: Ready; ended: Promise<number | null> }> {
  const child = spawn(process.execPath, [cliFile, 'serve', '--port', '0', '--profile', 'instant', '--json', ...flags], {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const ready = JSON.parse(line.toString()) as Ready;
  servers.push(ready.pid);
  return { child, ready, ended };
}

async function isGone(pid: number): Promise<boolean> {
  for (let i = 0; i < 100 && isAlive(pid); i += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  return !isAlive(pid);
}

test.each(['SIGINT', 'SIGTERM'] as const)('%s to serve alone stops the server and ends with 0', async (signal) => {
  const { child, ready, ended } = await serve();
  expect((await fetch(`${ready.controlUrl}/healthz`)).status).toBe(200);
  child.kill(signal);
  expect(await ended).toBe(0);
  expect(isAlive(ready.pid)).toBe(false);
});

test('when serve is killed, its server does not outlive it', async () => {
  const { child, ready } = await serve();
  expect(isAlive(ready.pid)).toBe(true);
  child.kill('SIGKILL');
  expect(await isGone(ready.pid)).toBe(true);
});

test.each([
  ['SIGKILL', 137],
  ['SIGSEGV', 139],
] as const)('a server that dies by %s gives exit code %d', async (signal, code) => {
  const { ready, ended } = await serve();
  process.kill(ready.pid, signal);
  expect(await ended).toBe(code);
});

test('a session with a server that serves TLS: its self-made certificate is taken, and the cookie works', async () => {
  const { ready } = await serve('--tls');
  expect(ready.url).toMatch(/^https:/);
  const { code, stdout, stderr } = await plumbline(['session', '--json', '--target', ready.url], folder.path);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const session = JSON.parse(stdout) as { target: string; cookie: string; organization: string };
  expect(session.target).toBe(ready.url);
  expect(session.cookie).toMatch(/^cookie: \S+=\S+/);
  expect(session.organization).toMatch(/^[0-9a-f-]{36}$/);
});
