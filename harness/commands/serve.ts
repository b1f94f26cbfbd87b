import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseWhole } from '../plan/durations.ts';
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
    .option('--json', 'print one JSON line when ready, for scripts')
    .addHelpText('after', example('plumbline serve --profile fast\nplumbline serve --port 0 --json'))
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
      const extra = [...(flags.host === undefined ? [] : ['--host', flags.host]), ...(flags.json ? ['--json'] : [])];
      const child = spawn(process.execPath, [serverMainFile(), ...serverArguments(options), ...extra], { stdio: 'inherit' });
      // The terminal sends Ctrl-C to both; the server decides when it is done.
      const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
      process.on('SIGTERM', forward);
      process.on('SIGINT', () => undefined);
      const [code] = (await once(child, 'exit')) as [number | null];
      exit(code ?? 0);
    });
};
