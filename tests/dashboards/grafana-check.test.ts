/** `npm run grafana:check` against a server that speaks Grafana's documented API, with a real Prometheus and Chromium behind it. No Grafana was at hand. */
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { panelsOf } from '../../harness/dash/board/board.ts';
import { parseBoard } from '../../harness/dash/board/parse.ts';
import type { DsRequest } from '../../scripts/grafana/queries.ts';
import { ask, signIn, start, until } from '../server/frame.ts';
import { type CliResult, emptyFolder, runProgram } from '../support/cli.ts';
import { requireTool } from '../support/tools.ts';
import { withPrometheus } from '../telemetry/prometheus.ts';
import { committedBoards } from './committed.ts';
import { type StandIn, startStandIn } from './grafana-stand-in.ts';

const prometheus = requireTool('prometheus');
const chromium = requireTool('chromium');
const script = fileURLToPath(new URL('../../scripts/grafana-check.ts', import.meta.url));
const boards = committedBoards().map(({ board }) => board);
const uids = boards.map(({ uid }) => uid);

let folder: { path: string; remove(): Promise<void> };
beforeEach(async () => {
  folder = await emptyFolder();
});
afterEach(() => folder.remove());

function check(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CliResult> {
  return runProgram(process.execPath, [script, ...args], folder.path, { env: { GRAFANA_URL: '', GRAFANA_TOKEN: '', ...env } });
}

function reportText(): string {
  return readFileSync(`${folder.path}/results/grafana-check/report.md`, 'utf8');
}

/** A server that was asked a little, its Prometheus, and the stand-in before that. */
async function withStandIn(use: (standIn: StandIn) => Promise<void>): Promise<void> {
  const server = await start();
  try {
    const { cookie } = await signIn(server.url);
    await withPrometheus(prometheus ?? '', { target: server.url }, async ({ url, query }) => {
      const standIn = await startStandIn(url);
      try {
        await ask(server.url, '/api/account', { headers: { cookie } });
        // A rate has a value from the second scrape on.
        const scraped = 'count_over_time(http_server_request_duration_seconds_count{operation="account.read"}[1m]) >= 3';
        await until(async () => (await query(scraped)).length > 0, 'the request was scraped', 30_000);
        await use(standIn);
      } finally {
        await standIn.stop();
      }
    });
  } finally {
    await server.stop();
  }
}

describe.skipIf(prometheus === undefined)('against a stand-in with a real Prometheus', () => {
  it('provisions, runs every panel and annotation, takes pictures and reports; once more updates', { timeout: 180_000 }, async () => {
    await withStandIn(async (standIn) => {
      standIn.token = 'glsa_1';
      const args = ['--grafana', standIn.url, '--token', 'glsa_1', '--prometheus', 'http://prometheus:9090', '--from', 'now-5m', '--settle', '1s'];
      const first = await check(args);
      // The boards ask Tempo as well, and this one has none: those panels fail, and nothing else does.
      const tempo = boards.flatMap((board) =>
        panelsOf(board)
          .filter(({ targets }) => targets.some(({ queryType }) => queryType === 'traceql'))
          .map(({ title }) => `failed: ${board.uid}, "${title}": A: data source not found`),
      );
      expect(tempo.length).toBeGreaterThan(0);
      expect(first.stderr.trim().split('\n').sort()).toEqual(tempo.sort());
      expect(first.code).toBe(99);

      const posts = (path: string) => standIn.came.filter(({ line }) => line === `POST ${path}`);
      expect(posts('/api/datasources').map(({ body }) => body)).toEqual([
        expect.objectContaining({ uid: 'prometheus', type: 'prometheus', url: 'http://prometheus:9090', access: 'proxy' }),
      ]);
      expect(posts('/api/folders').map(({ body }) => body)).toEqual([{ uid: 'plumbline', title: 'plumbline' }]);
      expect(
        posts('/api/dashboards/db')
          .map(({ body }) => (body as { dashboard: { uid: string } }).dashboard.uid)
          .sort(),
      ).toEqual(uids);
      expect(posts('/api/dashboards/db')[0]?.body).toMatchObject({
        folderUid: 'plumbline',
        overwrite: true,
        dashboard: { id: null, panels: expect.arrayContaining([]) },
      });
      for (const { headers } of standIn.came) expect(headers.authorization).toBe('Bearer glsa_1');

      const queried = posts('/api/ds/query').flatMap(({ body }) => (body as DsRequest).queries);
      const asked = boards
        .flatMap(panelsOf)
        .flatMap(({ targets }) => targets)
        .filter(({ queryType }) => queryType !== 'serviceMap').length;
      expect(queried.filter(({ refId }) => refId !== 'V').length).toBe(asked + boards.flatMap(({ annotations }) => annotations).length);
      // Variables are filled in; what Grafana's back end fills in is left to it.
      const left = new Set(queried.flatMap((query) => [...String(query['expr'] ?? query['query']).matchAll(/\$\w+/g)].map(([name]) => name)));
      expect([...left].sort()).toEqual(['$__range', '$__range_s', '$__rate_interval']);

      const report = reportText();
      expect(report).toContain(`Grafana 12.0.0-stand-in at ${standIn.url}`);
      for (const uid of uids) expect(report).toMatch(new RegExp(`\\| ${uid} \\| \\d+ \\|`));
      expect(report).toMatch(/^- board plumbline-overview: made$/m);
      const [, run = ''] = /Grafana 12\.0\.0-stand-in: (\d+) panels/.exec(first.stdout) ?? [];
      expect(Number(run)).toBe(
        boards.flatMap(panelsOf).filter(({ targets }) => targets.length > 0).length + boards.flatMap(({ annotations }) => annotations).length,
      );
      // The one request that was made shows.
      expect(report).not.toMatch(/^- plumbline-service: Requests$/m);
      if (chromium !== undefined) for (const uid of uids) expect(statSync(`${folder.path}/results/grafana-check/${uid}.png`).size).toBeGreaterThan(1_000);

      standIn.provisioned.add('plumbline-run');
      standIn.pageErrors = 2;
      const second = await check(args);
      expect(reportText()).toMatch(/^- board plumbline-run: was there$/m);
      expect(reportText()).toMatch(/^- board plumbline-overview: updated$/m);
      if (chromium !== undefined) expect(second.stderr.match(/plumbline-overview, page: bad data/g)).toHaveLength(2);
    });
  });

  it('a query that Prometheus refuses, and a body that Grafana would refuse, are failures with their reason', { timeout: 120_000 }, async () => {
    await withStandIn(async ({ url, came }) => {
      const [api, { GrafanaApi }] = [url.replace(/\/$/, ''), await import('../../scripts/grafana/api.ts')];
      const { provisionDataSources } = await import('../../scripts/grafana/provision.ts');
      const { runPanels } = await import('../../scripts/grafana/queries.ts');
      const client = new GrafanaApi({ url: api, timeoutMs: 5_000 });
      await provisionDataSources(client, [{ name: 'Prometheus', uid: 'prometheus', type: 'prometheus', access: 'proxy', url: '' }], {
        prometheus: 'http://x:9090',
      });
      const panel = (title: string, expr: string) => ({
        id: 1,
        type: 'stat',
        title,
        gridPos: {},
        datasource: { type: 'prometheus', uid: 'prometheus' },
        targets: [{ refId: 'A', expr, instant: true }],
      });
      const board = parseBoard({
        uid: 'broken',
        panels: [panel('bad', 'sum(('), panel('left over', 'up{job="$nothing"}'), panel('good', 'up'), panel('none', 'no_such_metric')],
      });
      const range = { fromMs: Date.now() - 60_000, toMs: Date.now() };
      const results = await runPanels(client, board, [], { range, scrapeMs: 1_000 });
      expect(results.map(({ panel: title, outcome, reason = '' }) => [title, outcome, reason.slice(0, 12)])).toEqual([
        ['bad', 'failed', 'A: bad_data:'],
        ['left over', 'empty', ''],
        ['good', 'values', ''],
        ['none', 'empty', ''],
      ]);
      await expect(client.ask('POST', '/api/folders', { body: { name: 'plumbline' } })).rejects.toThrow(
        /answered 400: bad request data: .*must have required property 'title'/,
      );
      expect(came.length).toBeGreaterThan(5);
    });
  });
});

describe('without a Grafana that lets it', () => {
  let standIn: StandIn;
  beforeEach(async () => {
    standIn = await startStandIn('http://127.0.0.1:1');
  });
  afterEach(() => standIn.stop());

  it.each<[number, string[], RegExp]>([
    [401, [], /answered 401: said by the stand-in; give the token of a service account with --token or GRAFANA_TOKEN$/m],
    [401, ['--token', 'x'], /; the token is not one of this Grafana, or it has expired$/m],
    [403, ['--token', 'x'], /answered 403: .*needs the role Admin/],
    [404, [], /\/api\/health answered 404: .*this is no Grafana, not the path that it is served under/],
    [302, [], /answered 302: .*a redirect/],
    [500, [], /answered 500: said by the stand-in$/m],
  ])('%i %j is exit code 1 and one line', async (status, args, message) => {
    standIn.failsWith = status;
    const { code, stderr } = await check(['--grafana', standIn.url, ...args]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('no data source and no --prometheus says what to give', async () => {
    const { code, stderr } = await check([], { GRAFANA_URL: standIn.url });
    expect([code, stderr.trim()]).toEqual([
      1,
      'there is no data source "prometheus" in this Grafana: say with --prometheus where Grafana finds Prometheus, and it is made',
    ]);
  });
  it('silence ends at --timeout', async () => {
    standIn.silent = true;
    const { code, stderr } = await check(['--grafana', standIn.url, '--timeout', '300ms']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/\/api\/health: no answer within 300 ms\. Is Grafana there\?/)]);
  });
  it('nobody there', async () => {
    const { code, stderr } = await check(['--grafana', 'http://127.0.0.1:1']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^GET http:\/\/127\.0\.0\.1:1\/api\/health: .*Is Grafana there\?/)]);
  });
  it.each<[string[], RegExp]>([
    [[], /^no Grafana: give --grafana or GRAFANA_URL$/m],
    [['--grafana', 'localhost'], /^--grafana localhost: expected an address such as/],
    [['--grafana', 'http://x', '--from', 'yesterday'], /^--from yesterday --to now: expected times/],
    [['--grafana', 'http://x', '--timeout', '5'], /^--timeout 5: expected a time such as 15s/],
    [['--nothing'], /Unknown option '--nothing'/],
  ])('%j is wrong usage', async (args, message) => {
    const { code, stderr } = await check(args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(stderr).toContain('Usage: npm run grafana:check');
  });
});
