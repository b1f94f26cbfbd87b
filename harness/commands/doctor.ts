import { readConfig } from '../config.ts';
import { tools } from '../tools.ts';
import { type AddCommand, example } from './command.ts';

export const addDoctor: AddCommand = (program) => {
  program
    .command('doctor')
    .description('which real tools are here, at what version, and how to get each missing one')
    .option('--json', 'as JSON')
    .addHelpText('after', example('plumbline doctor'))
    .action((flags: { json?: boolean }) => {
      const config = readConfig();
      const found = tools.map((tool) => ({ name: tool.name, usedFor: tool.usedFor, get: tool.get, ...tool.look(config) }));
      if (flags.json) {
        console.log(JSON.stringify(found, null, 2));
        return;
      }
      for (const tool of found) {
        const state = tool.version === undefined ? `missing   get it: ${tool.get}` : `${tool.version}${tool.path === undefined ? '' : `  ${tool.path}`}`;
        console.log(`${tool.version === undefined ? '-' : '+'} ${tool.name.padEnd(12)}${state}\n  ${' '.repeat(12)}for ${tool.usedFor}`);
      }
    });
};
