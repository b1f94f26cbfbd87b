import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UsageError } from '../usage-error.ts';
import { type AddCommand, example } from './command.ts';

const templates = { scenario: new URL('../templates/my.scenario.txt', import.meta.url), study: new URL('../templates/my.study.txt', import.meta.url) } as const;

export const addInit: AddCommand = (program) => {
  program
    .command('init')
    .description('write a commented my.scenario.ts to start from, or with --study a my.study.ts')
    .argument('[file]', 'where to (default my.scenario.ts, or my.study.ts)')
    .option('--study', 'a study: does a server keep what it acknowledged, and how soon is it seen')
    .option('--force', 'overwrite a file that is there')
    .addHelpText(
      'after',
      example('plumbline init\nplumbline run ./my.scenario.ts --target http://127.0.0.1:3000\nplumbline init --study\nplumbline run ./my.study.ts --dry-run'),
    )
    .action(async (given: string | undefined, flags: { force?: boolean; study?: boolean }) => {
      const kind = flags.study ? 'study' : 'scenario';
      const file = given ?? `my.${kind}.ts`;
      const path = resolve(file);
      if (existsSync(path) && !flags.force) throw new UsageError('file_exists', `${file} is there already; give another name, or --force to overwrite it`);
      await writeFile(path, await readFile(templates[kind], 'utf8'));
      console.log(`Wrote ${file}. Next: set its paths, then\n  plumbline run ./${file} --target http://127.0.0.1:3000`);
      if (flags.study) console.log(`and before that, to see what it would send\n  plumbline run ./${file} --target http://127.0.0.1:3000 --dry-run`);
    });
};
