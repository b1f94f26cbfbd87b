import { checkDocker, compose, lastLine } from '../stack/docker.ts';
import { serviceStates } from '../stack/services.ts';
import { UsageError } from '../usage-error.ts';
import { type AddCommand, example } from './command.ts';

export const addDown: AddCommand = (program) => {
  program
    .command('down')
    .description('stop the stack and remove its containers; streams may finish')
    .option('--volumes', 'delete what it has recorded, too: metrics, traces, Grafana')
    .addHelpText('after', example('plumbline down --volumes'))
    .action(async (flags: { volumes?: boolean }) => {
      await checkDocker();
      const states = await serviceStates();
      if (states.length > 0) console.log(`stopping  ${states.map(({ name }) => name).join(', ')}`);
      const args = ['down', '--remove-orphans', ...(flags.volumes ? ['--volumes'] : [])];
      const { code, stderr } = await compose([], args);
      if (code !== 0) throw new UsageError('stack_stop', `docker compose could not remove the stack: ${lastLine(stderr)}`);
      if (states.length === 0) console.log(flags.volumes ? 'nothing was up; recorded data is deleted' : 'nothing was up');
      else console.log(flags.volumes ? 'down; recorded data is deleted' : 'down; recorded data is kept (--volumes deletes it)');
    });
};
