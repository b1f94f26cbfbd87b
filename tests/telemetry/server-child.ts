/** The server as a process of its own, and collectors; whatever is left of them ends with `endAll()`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { RunningServer } from '../../reference-server/server.ts';
import { type Collector, startCollector } from './collector.ts';

const fileOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const main = [fileOf('reference-server/main.ts')];
/** The same by way of the command line. */
export const serveCommand: readonly string[] = [fileOf('harness/cli.ts'), 'serve'];
/** Says on standard output when the first file of the OpenTelemetry SDK is loaded. The API is not the SDK: prom-client loads it. */
const tellImports = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  import { writeSync } from 'node:fs';
  let told = false;
  registerHooks({ load(url, context, next) {
    if (!told && /[/]@opentelemetry[/](?!api[/])/.test(url)) { told = true; writeSync(1, 'sdk\\n'); }
    return next(url, context);
  } });
`)}`;

export interface Started extends RunningServer {
  /** Lines of standard output so far. */
  lines: string[];
  /** By SIGTERM. */
  end(): Promise<{ code: number | null; stderr: string }>;
}

const children: ChildProcess[] = [];
const collectors: Collector[] = [];

export async function endAll(): Promise<void> {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const collector of collectors.splice(0)) await collector.stop();
}

export async function collecting(): Promise<Collector> {
  const collector = await startCollector();
  collectors.push(collector);
  return collector;
}

export async function run(args: readonly string[], env: Record<string, string> = {}, command: readonly string[] = main): Promise<Started> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_')));
  const child = spawn(process.execPath, ['--import', tellImports, ...command, '--port', '0', '--json', '--profile', 'instant', ...args], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const lines: string[] = [];
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const ready = await new Promise<{ url: string; controlUrl: string }>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      if (line.startsWith('{')) resolve(JSON.parse(line) as { url: string; controlUrl: string });
    });
    void ended.then((code) => reject(new Error(`ended with ${code}: ${stderr}`)));
  });
  const end = async (): Promise<{ code: number | null; stderr: string }> => {
    child.kill('SIGTERM');
    return { code: await ended, stderr };
  };
  return { ...ready, profile: 'instant', protocol: 'http/1.1', lines, end, stop: async () => void (await end()) };
}
