import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cliFile } from '../support/cli.ts';

export interface DashProcess {
  url: string;
  pid: number;
  /** All that it has printed. */
  output(): string;
  /** As Ctrl-C; resolves with its exit code. */
  stop(): Promise<number | null>;
}

const readyWithinMs = 60_000;

/** Starts `plumbline dash` on a free port, as a user would, and waits for its address. @param file of the program: these sources, or a package's */
export async function startDash(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}, file = cliFile): Promise<DashProcess> {
  const child = spawn(process.execPath, [file, 'dash', '--port', '0', ...args], { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`dash was not ready in time: ${output}`)), readyWithinMs);
    child.once('exit', (code) => reject(new Error(`dash ended with ${code}: ${output}`)));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const said = /^dash: (http\S+)$/m.exec(output)?.[1];
      if (said === undefined || !output.includes('Ctrl-C')) return;
      clearTimeout(timer);
      resolve(said);
    });
  });
  return { url, pid: child.pid ?? 0, output: () => output, stop: () => interrupt(child) };
}

async function interrupt(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit') as Promise<[number | null]>;
  child.kill('SIGINT');
  return (await exited)[0];
}
