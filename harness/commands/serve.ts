import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { parseWhole } from '../plan/durations.ts';
import { type InnerTiers, startInnerTiers, TierNotStarted } from '../inner-tiers.ts';
import { serverArguments, serverMainFile } from '../server-process.ts';
import { type AddCommand, example } from './command.ts';

interface ServeFlags {
  port: string;
  controlPort: string;
  host?: string;
  profile?: string;
  seed?: string;
  tls?: boolean;
  data?: string;
  database?: string;
  redis?: string;
  size?: string;
  conflict?: string;
  idempotency?: string;
  reads?: string;
  otlp?: string;
  traceMode?: string;
  traceRatio?: string;
  tiers?: boolean;
  json?: boolean;
}

export const addServe: AddCommand = (program, exit) => {
  program
    .command('serve')
    .description('start the reference server and leave it running')
    .option('--port <port>', 'public port; 0 takes a free one', '8787')
    .option('--control-port <port>', 'control port, loopback only; 0 takes a free one', '8788')
    .option('--host <address>', 'address of the public port (default 127.0.0.1)')
    .option('--profile <name or file>', 'latency profile: observed, fast, degraded, instant, or a YAML file (default observed)')
    .option('--seed <number>', "seed of the latency draws (default: the profile's)")
    .option('--tls', 'TLS 1.3 with HTTP/2 and HTTP/1.1 from a development certificate made at start')
    .option('--data <file>', 'keep the data in this SQLite file instead of in memory')
    .option('--database <url>', 'keep the data in this Postgres, in the schema plumbline: postgres://user:password@host:5432/name (default: DATABASE_URL)')
    .option('--redis <url>', 'cache settings and models in this Redis instead of in the process: redis://127.0.0.1:6379 (default: REDIS_URL)')
    .option('--size <size>', 'how much data is seeded: a factor (10), or counts (conversations=2000,messagesEach=12); a file that has data keeps them')
    .option('--conflict <policy>', 'what becomes of a message on a stale view: lww, reject or branch (default lww)')
    .option('--idempotency <policy>', 'off, or keys: an idempotency-key runs once (default off)')
    .option('--reads <policy>', 'what consistency=eventual gets: eventual, strong or session (default eventual)')
    .option('--otlp <url>', 'send traces to this collector, OTLP over HTTP, such as http://127.0.0.1:4318 (default: OTEL_EXPORTER_OTLP_ENDPOINT, else nowhere)')
    .option('--trace-mode <mode>', "trust: go on with the caller's trace; restart: a trace of its own for each request, linked to the caller's (default trust)")
    .option('--trace-ratio <ratio>', 'share of traces that are kept where the caller has not chosen, 0 to 1 (default 0.05); failed and slow ones always are')
    .option('--tiers', 'edge, lb, services and inference each in a process of its own, joined by HTTP on loopback; they end together')
    .option('--json', 'print one JSON line when ready, for scripts')
    .addHelpText(
      'after',
      example('plumbline serve --profile fast\nplumbline serve --port 0 --json\nplumbline serve --size conversations=2000\nplumbline serve --tiers'),
    )
    .action(async (flags: ServeFlags) => {
      const port = parseWhole(flags.port, '--port');
      // A free public port means a script or a test: a free control port then, too, unless one was named.
      const controlPort = port === 0 && flags.controlPort === '8788' ? 0 : parseWhole(flags.controlPort, '--control-port');
      const options = {
        port,
        controlPort,
        ...(flags.profile !== undefined && { profile: flags.profile }),
        ...(flags.seed !== undefined && { seed: parseWhole(flags.seed, '--seed') }),
        ...(flags.tls && { tls: true }),
        ...(flags.data !== undefined && { data: flags.data }),
      };
      // The rows are in the services tier.
      const ofData = (['database', 'redis', 'size', 'conflict', 'idempotency', 'reads'] as const).flatMap((name) => {
        const value = flags[name];
        return value === undefined ? [] : [`--${name}`, value];
      });
      const { data: _data, ...ofEdge } = options;
      let inner: InnerTiers | undefined;
      try {
        if (flags.tiers) inner = await startInnerTiers({ ...options, flags: ofData });
      } catch (error) {
        if (!(error instanceof TierNotStarted)) throw error;
        exit(error.code);
        return;
      }
      const extra = [
        ...(inner ? ['--tier', 'edge', '--next', inner.nextUrl] : []),
        ...(flags.host === undefined ? [] : ['--host', flags.host]),
        ...(inner ? [] : ofData),
        ...(flags.otlp === undefined ? [] : ['--otlp', flags.otlp]),
        ...(flags.traceMode === undefined ? [] : ['--trace-mode', flags.traceMode]),
        ...(flags.traceRatio === undefined ? [] : ['--trace-ratio', flags.traceRatio]),
        ...(flags.json ? ['--json'] : []),
      ];
      // As in a run: with our end of its standard input gone it ends, however we ended.
      const child = spawn(process.execPath, [serverMainFile(), ...serverArguments(inner ? ofEdge : options), ...extra, '--parent'], {
        stdio: ['pipe', 'inherit', 'inherit'],
      });
      // With a parent the server leaves Ctrl-C, which the terminal sends to both, to us. Once: it lets its streams finish; twice: it ends at once.
      let isStopping = false;
      const stop = (): void => {
        isStopping = true;
        child.kill('SIGTERM');
      };
      process.on('SIGTERM', stop);
      process.on('SIGINT', stop);
      let isLost = false;
      void inner?.lost.then((what) => {
        if (isStopping) return;
        isLost = true;
        console.error(`${what}: the others are stopped`);
        stop();
      });
      const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      await inner?.stop();
      // As a shell says it.
      exit(isLost ? 1 : (code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
};
