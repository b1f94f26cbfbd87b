import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UsageError } from '../usage-error.ts';
import { type AddCommand, example } from './command.ts';

const template = new URL('../templates/my.scenario.txt', import.meta.url);

export const addInit: AddCommand = (program) => {
  program
    .command('init')
    .description('write a commented my.scenario.ts to start from')
    .argument('[file]', 'where to', 'my.scenario.ts')
    .option('--force', 'overwrite a file that is there')
    .addHelpText('after', example('plumbline init\nplumbline run ./my.scenario.ts --target http://127.0.0.1:3000'))
    .action(async (file: string, flags: { force?: boolean }) => {
      const path = resolve(file);
      if (existsSync(path) && !flags.force) throw new UsageError('file_exists', `${file} is there already; give another name, or --force to overwrite it`);
      await writeFile(path, await readFile(template, 'utf8'));
      console.log(`Wrote ${file}. Next: set its paths, then\n  plumbline run ./${file} --target http://127.0.0.1:3000`);
    });
};
