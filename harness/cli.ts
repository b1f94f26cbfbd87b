import { Command, CommanderError } from 'commander';
import { commands } from './commands/index.ts';
import { UsageError } from './usage-error.ts';
import { plumblineVersion } from './version.ts';

/** 0 pass, 99 objectives failed, 75 inconclusive or invalid, 2 wrong usage or configuration, 1 harness fault. */
const exitCodes = { usage: 2, fault: 1 } as const;

const help = `
Exit codes: 0 pass, 99 objectives or gate failed, 75 inconclusive or invalid, 2 wrong usage or configuration, 1 harness fault.

Start here:
  plumbline run sse                                      the shipped scenario, on the reference server
  plumbline init && plumbline run ./my.scenario.ts --target http://127.0.0.1:3000
`;

/** Wrong flags and wrong configuration are the user's to mend, everything else is ours. */
function exitCodeOfError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
  if (error instanceof UsageError) {
    console.error(`plumbline: ${error.message}`);
    return exitCodes.usage;
  }
  console.error(`plumbline: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return exitCodes.fault;
}

async function main(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = new Command('plumbline')
    .description('A bench for web products that stream: a reference server whose latency truth is known, honest load, one report.')
    .version(plumblineVersion)
    .addHelpText('after', help)
    .exitOverride()
    .showHelpAfterError('(plumbline --help lists the commands)');
  for (const add of commands) add(program, (exitCode) => (code = exitCode));
  for (const command of program.commands) command.exitOverride().showHelpAfterError(`(plumbline ${command.name()} --help shows the flags)`);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    return exitCodeOfError(error);
  }
}

process.exit(await main(process.argv.slice(2)));
