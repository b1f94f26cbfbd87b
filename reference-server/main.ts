import { enableCompileCache } from 'node:module';

// Compiled code of the last start is used again (in the system's folder for temporary files, or NODE_COMPILE_CACHE): loading takes 0.3 s instead of 0.7.
// So everything else is imported after it.
enableCompileCache();
const { ConfigError, readConfig } = await import('./config.ts');
const { ProfileError } = await import('./latency/profile.ts');
const { startServer } = await import('./server.ts');

const usage = 2;
/** Streams may finish for so long after SIGTERM. */
const drainMs = 10_000;

async function main(): Promise<void> {
  const config = readConfig(process.argv.slice(2));
  const server = await startServer(config);
  const ready = { ready: true, url: server.url, controlUrl: server.controlUrl, pid: process.pid, profile: server.profile, protocol: server.protocol };
  let stopping = false;
  const stop = (graceMs: number): void => {
    if (stopping) process.exit(0);
    stopping = true;
    void server.stop({ drainMs: graceMs }).then(() => process.exit(0));
  };
  process.on('SIGTERM', () => stop(drainMs));
  // A terminal sends Ctrl-C to everybody in it: with a parent, the parent decides when we are done.
  process.on('SIGINT', () => {
    if (!config.parent) stop(drainMs);
  });
  // Whoever started us has gone: nobody is left to stop us.
  if (config.parent) process.stdin.on('close', () => stop(0)).resume();
  // Last: whoever reads it may stop us at once.
  if (config.json) console.log(JSON.stringify(ready));
  else
    console.log(
      `reference server, profile ${server.profile}\n  ${server.url}\n  ${server.controlUrl} (control)\nCtrl-C stops it; in another terminal: plumbline session`,
    );
}

function explain(error: unknown): { text: string; code: number } {
  if (error instanceof ConfigError || error instanceof ProfileError) return { text: error.message, code: usage };
  const { code, port, address } = error as { code?: string; port?: number; address?: string };
  if (code === 'EADDRINUSE')
    return { text: `port ${port} on ${address} is taken; give another one with --port and --control-port, or 0 for a free one`, code: usage };
  if (code === 'EACCES') return { text: `port ${port} needs more rights; give one above 1023`, code: usage };
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), code: 1 };
}

main().catch((error: unknown) => {
  const { text, code } = explain(error);
  console.error(text);
  process.exit(code);
});
