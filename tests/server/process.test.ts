import { type ChildProcess, spawn } from 'node:child_process';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { ask, completionPath, events, newConversation, prompt, signIn } from './frame.ts';

const main = fileURLToPath(new URL('../../reference-server/main.ts', import.meta.url));
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

interface Ready {
  url: string;
  controlUrl: string;
  pid: number;
  profile: string;
  protocol: string;
}

function run(...args: string[]): { child: ChildProcess; ready: Promise<Ready>; ended: Promise<{ code: number | null; stderr: string }> } {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  started.push(child);
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve) => child.once('close', (code) => resolve({ code, stderr })));
  const ready = new Promise<Ready>((resolve, reject) => {
    child.stdout?.once('data', (chunk: Buffer) => resolve(JSON.parse(chunk.toString())));
    void ended.then(({ code }) => reject(new Error(`ended with ${code}: ${stderr}`)));
  });
  ready.catch(() => undefined);
  return { child, ready, ended };
}

it('announces itself in one line, takes a free port for each, and ends on SIGTERM with 0 after its streams', async () => {
  const { child, ready, ended } = run('--port', '0', '--json', '--profile', 'fast');
  const { url, controlUrl, pid, profile, protocol } = await ready;
  expect({ pid, profile, protocol }).toEqual({ pid: child.pid, profile: 'fast', protocol: 'http/1.1' });
  expect((await ask(controlUrl, '/healthz')).status).toBe(200);
  const user = await signIn(url);
  const conversation = await newConversation(url, user);
  const body = await new Promise<string>((resolve, reject) => {
    const request = http.request(
      `${url}${completionPath(user, conversation)}`,
      { method: 'POST', agent: false, headers: { cookie: user.cookie, 'content-type': 'application/json' } },
      (response) => {
        let text = '';
        response.once('data', () => child.kill('SIGTERM'));
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve(text));
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(JSON.stringify(prompt));
  });
  expect(events(body).at(-1)?.name).toBe('message_stop');
  expect((await ended).code).toBe(0);
}, 20_000);

it('a taken port and wrong flags are one clear line each, and exit code 2', async () => {
  const first = run('--port', '0', '--json');
  const { url } = await first.ready;
  const taken = await run('--port', new URL(url).port, '--control-port', '0').ended;
  expect(taken.code).toBe(2);
  expect(taken.stderr.trim().split('\n')).toHaveLength(1);
  expect(taken.stderr).toContain(`port ${new URL(url).port}`);
  const wrong = await run('--port', '70000', '--seed', 'x').ended;
  expect(wrong.code).toBe(2);
  expect(wrong.stderr.trim().split('\n')).toEqual([expect.stringContaining('--port: "70000"'), expect.stringContaining('--seed: "x"')]);
  expect((await run('--profile', 'observd', '--port', '0').ended).code).toBe(2);
}, 30_000);

it('with --parent ends when its parent has gone', async () => {
  const { child, ready, ended } = run('--port', '0', '--json', '--parent');
  await ready;
  child.stdin?.end();
  expect((await ended).code).toBe(0);
}, 20_000);
