import { operations, origins } from '../../scenarios/operations.ts';
import { type AddCommand, example } from './command.ts';

export const addOperations: AddCommand = (program) => {
  program
    .command('operations')
    .description('list every operation of the reference server')
    .option('--json', 'as JSON')
    .addHelpText('after', example('plumbline operations'))
    .action((flags: { json?: boolean }) => {
      if (flags.json) {
        console.log(JSON.stringify(operations, null, 2));
        return;
      }
      for (const operation of operations) {
        const where = operation.origin === 'app' ? '' : ` (${origins[operation.origin]})`;
        console.log(`${operation.name.padEnd(36)}${operation.latencyClass.padEnd(12)}${operation.method.padEnd(7)}${operation.path}${where}`);
      }
    });
};
