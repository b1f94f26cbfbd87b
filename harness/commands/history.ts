import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { branchStore } from '../gate/history/branch-store.ts';
import { type DriftOptions, driftDefaults, type HistoryJudgement, judgeHistory } from '../gate/history/drifts.ts';
import { fileStore, type HistoryStore } from '../gate/history/history-store.ts';
import { type HistoryLine, historySchema, lineText, parseHistory } from '../gate/history/history-line.ts';
import { readRow } from '../gate/history/read-row.ts';
import { renderHistoryHtml } from '../report/history/history-html.ts';
import { renderHistory } from '../report/history/history-text.ts';
import { UsageError } from '../usage-error.ts';
import { type AddCommand, example } from './command.ts';
import { outputStyle } from './output-style.ts';

interface PlaceFlags {
  file: string;
  branch?: string;
  remote?: string;
}

interface JudgeFlags extends PlaceFlags {
  metric?: string;
  html?: string;
  recent: string;
  minChange: string;
  alpha: string;
  last: string;
}

const exitCodes = { pass: 0, fail: 99, inconclusive: 75 } as const;

/** `add` and `accept` append, `show` and `check` read. */
export const addHistory: AddCommand = (program, exit) => {
  const history = program.command('history').description('the main branch over time: append gates and runs, find drifts too small for one gate');
  place(history.command('add'))
    .description('append gates or runs (an id that is there already is left out)')
    .argument('<result...>', 'gate.json or run.json, or the directory of one')
    .option('--commit <hash>', "what was measured (default: the gate's head, or HEAD here)")
    .option('--subject <text>', "first line of the commit's message (default: as git here knows it)")
    .addHelpText('after', example('plumbline history add results/<gate> --branch plumbline-history --remote origin'))
    .action(async (given: string[], flags: PlaceFlags & { commit?: string; subject?: string }) => {
      const read = await Promise.all(given.map((path) => readRow(path, flags)));
      for (const { path, unfit } of read) if (unfit !== undefined) console.log(`left out: ${path}: ${unfit}; it says nothing about the commit`);
      const rows = read.flatMap(({ row }) => row ?? []);
      const store = storeOf(flags);
      if (rows.length > 0) await append(store, rows);
      exit(rows.length === 0 ? exitCodes.inconclusive : 0);
    });
  place(history.command('accept'))
    .description('say that a change of level is meant: check no longer fails on it')
    .argument('<commit>', 'at which the level changed, as show prints it')
    .requiredOption('--reason <text>', 'why; it is kept with the history')
    .option('--metric <part>', 'only metrics with this in their name (default: all)')
    .addHelpText('after', example('plumbline history accept 1a2b3c4 --reason "search now ranks results" --metric search'))
    .action(async (commit: string, flags: PlaceFlags & { reason: string; metric?: string }) => {
      if (!/^[0-9a-f]{7,40}$/.test(commit))
        throw new UsageError('commit', `"${commit}" is no commit; expected 7 to 40 hexadecimal digits, as show prints them`);
      const metric = flags.metric === undefined ? {} : { metric: flags.metric };
      await append(storeOf(flags), [{ schema: historySchema, kind: 'accepted', at: new Date().toISOString(), commit, ...metric, reason: flags.reason }]);
    });
  judging(history.command('show'))
    .description('every metric with its changes of level, and a page of trends')
    .addHelpText('after', example('plumbline history show --html history.html\nplumbline history show --branch plumbline-history --remote origin --metric p95'))
    .action(async (flags: JudgeFlags) => void (await judged(flags, 'all')));
  judging(history.command('check'))
    .description('fail (99) on a slowdown among the last points, 75 with too few points to tell')
    .addHelpText('after', example('plumbline history check --branch plumbline-history --remote origin --recent 14'))
    .action(async (flags: JudgeFlags) => exit(exitCodes[(await judged(flags, 'changes')).verdict]));
};

function place(command: Command): Command {
  return command
    .option('--file <path>', 'the history', 'plumbline-history.ndjson')
    .option('--branch <name>', 'the history is history.ndjson of this git branch instead; made when it is not there')
    .option('--remote <name>', 'with --branch: fetch it from there and push it, without force');
}

function judging(command: Command): Command {
  return place(command)
    .option('--metric <part>', 'only metrics with this in their name')
    .option('--html <file>', 'write the page of trends')
    .option('--recent <points>', 'how many last points a change may be old to fail', String(driftDefaults.recentPoints))
    .option('--min-change <ratio>', 'smaller slowdowns do not fail', String(driftDefaults.minChange))
    .option('--alpha <p>', 'chance that a history without any change shows one', String(driftDefaults.alpha))
    .option('--last <points>', 'look at so many last points', String(driftDefaults.lastPoints));
}

function storeOf({ file, branch, remote }: PlaceFlags): HistoryStore {
  if (branch !== undefined) return branchStore({ directory: '.', branch, ...(remote !== undefined && { remote }) });
  if (remote !== undefined) throw new UsageError('remote', '--remote is of a branch: give --branch as well, for example --branch plumbline-history');
  return fileStore(resolve(file));
}

async function append(store: HistoryStore, lines: readonly HistoryLine[]): Promise<void> {
  let added: HistoryLine[] = [];
  await store.append((text) => {
    const known = new Set(parseHistory(text, store.name).rows.map(({ id }) => id));
    added = lines.filter((line) => line.kind === 'accepted' || !known.has(line.id));
    return added.map(lineText).join('');
  });
  const left = lines.length - added.length;
  console.log(`${added.length} ${added.length === 1 ? 'line' : 'lines'} added to ${store.name}${left === 0 ? '' : `; ${left} there already`}`);
}

async function judged(flags: JudgeFlags, what: 'all' | 'changes'): Promise<HistoryJudgement> {
  const store = storeOf(flags);
  const history = parseHistory(await store.read(), store.name);
  if (history.rows.length === 0)
    throw new UsageError('no_history', `${store.name} has no points yet; append one with: plumbline history add results/<gate or run>`);
  const options: DriftOptions = {
    ...driftDefaults,
    recentPoints: numberOf('--recent', flags.recent, 1),
    minChange: numberOf('--min-change', flags.minChange, 0),
    alpha: numberOf('--alpha', flags.alpha, 1e-6, 0.5),
    lastPoints: numberOf('--last', flags.last, 2 * driftDefaults.minPoints, 1_000),
  };
  const judgement = judgeHistory(history, options, flags.metric);
  if (judgement.series.length === 0) throw new UsageError('no_metric', `no metric of ${store.name} has "${flags.metric ?? ''}" in its name`);
  console.log(renderHistory(judgement, options, what, outputStyle()));
  if (flags.html !== undefined) {
    await writeFile(resolve(flags.html), renderHistoryHtml(judgement, options));
    console.log(`page: ${flags.html}`);
  }
  return judgement;
}

function numberOf(flag: string, given: string, least: number, most = Number.POSITIVE_INFINITY): number {
  const value = Number(given);
  if (given.trim() === '' || !(value >= least && value <= most))
    throw new UsageError('number', `${flag} ${given}: expected a number from ${least}${most === Number.POSITIVE_INFINITY ? '' : ` to ${most}`}`);
  return value;
}
