import { join } from 'node:path';
import { renderTerminal } from '../report/terminal.ts';
import { writeReports } from '../results/write-reports.ts';
import { readRun } from '../results/run-store.ts';
import { type AddCommand, example } from './command.ts';
import { runDirectory } from './run-directory.ts';
import { outputStyle } from './output-style.ts';

export const addReport: AddCommand = (program) => {
  program
    .command('report')
    .description('print a run and write its report files again')
    .argument('[run]', 'directory of a run, its run.json, or its id in results/ (default: the latest)')
    .addHelpText('after', example('plumbline report\nplumbline report results/20260101-120000-sse-1a2b'))
    .action(async (given: string | undefined) => {
      const directory = await runDirectory(given);
      const run = await readRun(directory);
      await writeReports(directory, run);
      console.log(renderTerminal(run, outputStyle()));
      console.log(`report: ${join(directory, 'report.html')}`);
    });
};
