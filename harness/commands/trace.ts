import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { backendUrlOfTrace, serverSpansText } from '../report/trace-backend.ts';
import { renderTrace } from '../report/trace-text.ts';
import type { RunFile } from '../results/run-file.ts';
import { readRun } from '../results/run-store.ts';
import { findTraces } from '../telemetry/find-traces.ts';
import { spansFileName } from '../telemetry/spans-file.ts';
import type { Trace } from '../telemetry/trace-tree.ts';
import { UsageError } from '../usage-error.ts';
import { type AddCommand, example } from './command.ts';
import { outputStyle } from './output-style.ts';
import { runDirectory } from './run-directory.ts';

const suggestions = 5;

export const addTrace: AddCommand = (program) => {
  program
    .command('trace')
    .description('print one trace of a run: who waited for whom, from the driver to the store')
    .argument('<id>', 'trace id, or the first digits of one')
    .option('--run <run>', 'directory of a run, its run.json, or its id in results/ (default: the latest)')
    .addHelpText('after', example('plumbline trace 4bf92f35\nplumbline trace 4bf92f3577b34da6a3ce929d0e0e4736 --run results/20260101-120000-sse-1a2b'))
    .action(async (given: string, flags: { run?: string }) => {
      const prefix = given.trim().toLowerCase();
      if (!/^[\da-f]{1,32}$/.test(prefix)) throw new UsageError('bad_trace_id', `"${given}" is not a trace id: expected up to 32 hexadecimal digits`);
      const directory = await runDirectory(flags.run);
      const run = await readRun(directory);
      const trace = await findTrace(prefix, run, join(directory, spansFileName));
      const { telemetry } = run;
      const serverSpans = serverSpansText(telemetry);
      const url = telemetry?.backend && backendUrlOfTrace(telemetry.backend, trace);
      console.log(renderTrace(trace, outputStyle(), { ...(serverSpans !== undefined && { serverSpans }), ...(url !== undefined && { url }) }));
    });
};

async function findTrace(prefix: string, run: RunFile, file: string): Promise<Trace> {
  if (!existsSync(file)) throw new UsageError('no_spans', `run ${run.runId} has no traces: ${whyNone(run)}`);
  const found = await findTraces(prefix, file);
  const [only] = found;
  if (!only) {
    const slowest = run.legs.flatMap((leg) => leg.slowest.flatMap(({ traceId }) => traceId ?? [])).slice(0, suggestions);
    throw new UsageError(
      'no_trace',
      `no trace of run ${run.runId} begins with ${prefix}${slowest.length > 0 ? `; its slowest requests have ${slowest.join(', ')}` : ''}; --run names another run`,
    );
  }
  if (found.length > 1) {
    const some = found.slice(0, suggestions).map(({ id }) => id);
    throw new UsageError('ambiguous_trace', `${found.length} traces begin with ${prefix}, such as ${some.join(', ')}; give more digits`);
  }
  return only;
}

function whyNone({ telemetry }: RunFile): string {
  if (!telemetry) return 'they were switched off (--no-traces), or an earlier version wrote it';
  return telemetry.notes[0] ?? 'none were received';
}
