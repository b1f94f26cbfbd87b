/** The boards' marks of a run, asked of Prometheus as it stores a run that has just ended. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { dashboardIds } from '../../scenarios/names.ts';
import { emptyFolder } from '../support/cli.ts';
import { requireTool } from '../support/tools.ts';

const promtool = requireTool('promtool');
const board = join(import.meta.dirname, `../../dashboards/generated/${dashboardIds.run}.json`);

it("the mark of a run's end is there at a later step, though its series was scraped once and is stale", { skip: !promtool }, async () => {
  const { annotations } = JSON.parse(await readFile(board, 'utf8')) as { annotations: { list: { name: string; expr: string; step: string }[] } };
  const run = annotations.list.find(({ name }) => name === 'Run');
  expect(run?.step).toBe('5s');
  const series = (phase: string, values: string): object => ({
    series: `plumbline_run_phase_start_timestamp_seconds{run="r1",scenario="crud",driver="native",phase="${phase}"}`,
    values,
  });
  const folder = await emptyFolder();
  try {
    // YAML holds JSON. Scraped each second; steps fall on 5 s and 10 s, the end on 6 s.
    const test = {
      interval: '1s',
      input_series: [series('warm-up', '1700x6 stale _x10'), series('ended', '_x5 1706 stale _x10')],
      promql_expr_test: [
        {
          expr: run?.expr.replaceAll('$run', 'r1'),
          eval_time: '10s',
          exp_samples: [
            { labels: '{run="r1", phase="ended"}', value: 1_706_000 },
            { labels: '{run="r1", phase="warm-up"}', value: 1_700_000 },
          ],
        },
      ],
    };
    await writeFile(join(folder.path, 'marks.yml'), JSON.stringify({ evaluation_interval: '1s', tests: [test] }));
    await promisify(execFile)(promtool as string, ['test', 'rules', join(folder.path, 'marks.yml')]);
  } finally {
    await folder.remove();
  }
});
