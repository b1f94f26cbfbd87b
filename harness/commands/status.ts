import { checkDocker } from '../stack/docker.ts';
import { healthOf, type ServiceHealth } from '../stack/health.ts';
import { serviceStates } from '../stack/services.ts';
import { type AddCommand, example } from './command.ts';

const notWell = 1;

export const addStatus: AddCommand = (program, exit) => {
  program
    .command('status')
    .description('what of the stack is up, whether it answers, and where (exit code 0 when all of it is well)')
    .option('--json', 'as JSON')
    .addHelpText('after', example('plumbline status'))
    .action(async (flags: { json?: boolean }) => {
      await checkDocker();
      const healths = await Promise.all((await serviceStates()).map(healthOf));
      if (flags.json) console.log(JSON.stringify(healths, null, 2));
      else if (healths.length === 0) console.log('no stack is up; start one with: plumbline up');
      else printHealth(healths);
      if (healths.length === 0 || healths.some(({ healthy }) => !healthy)) exit(notWell);
    });
};

export function printHealth(healths: readonly ServiceHealth[]): void {
  const width = Math.max(...healths.map(({ name }) => name.length));
  for (const { name, text, healthy, addresses } of healths) {
    console.log(`${healthy ? '+' : '-'} ${name.padEnd(width)}  ${text}`);
    for (const { url, shows } of addresses) console.log(`  ${' '.repeat(width)}  ${url}  ${shows}`);
  }
}
