import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { compareRuns } from '../judge/compare.ts';
import { renderCompareHtml } from '../report/compare-html.ts';
import { renderCompareTerminal } from '../report/compare-terminal.ts';
import { readRun } from '../results/run-store.ts';
import { type AddCommand, example } from './command.ts';
import { outputStyle } from './output-style.ts';
import { runDirectory } from './run-directory.ts';

export const addCompare: AddCommand = (program) => {
  program
    .command('compare')
    .description('lay two runs side by side (no verdict: two runs are one epoch; the gate decides on several)')
    .argument('<run a>', 'before')
    .argument('<run b>', 'after')
    .option('--out <file>', 'the page', 'compare.html')
    .addHelpText('after', example('plumbline compare results/<before> results/<after>'))
    .action(async (givenA: string, givenB: string, flags: { out: string }) => {
      const [a, b] = await Promise.all([readRun(await runDirectory(givenA)), readRun(await runDirectory(givenB))]);
      const comparison = compareRuns(a, b);
      console.log(renderCompareTerminal(comparison, outputStyle()));
      await writeFile(resolve(flags.out), renderCompareHtml(a, b, comparison));
      console.log(`page: ${flags.out}`);
    });
};
