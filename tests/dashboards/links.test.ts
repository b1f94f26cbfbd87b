/** Every link in the form that Grafana follows. */
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import type { Board } from '../../harness/dash/board/board.ts';
import { dataLink, type LinkData } from '../../harness/dash/board/links.ts';
import { panelsOf } from '../../harness/dash/board/board.ts';
import { grafanaLink } from '../../harness/report/grafana-link.ts';
import { committedBoards } from './committed.ts';
import { faultsOf, type Linked, linksOf } from './links.ts';

const boards = committedBoards().map((each) => each.board);
const all = boards.flatMap(linksOf);

function board(uid: string): Board {
  const found = boards.find((each) => each.uid === uid);
  if (!found) throw new Error(`no board ${uid}`);
  return found;
}

it('every link of every board leads to a board, with variables that it has, and keeps the time', () => {
  // As many as there are, so that a link that is no longer read does not go unseen.
  expect(all.length).toBeGreaterThan(boards.length * 10);
  console.log(`links: ${all.length} of ${boards.length} boards`);
  for (const link of all) expect([link.where, faultsOf(link, boards)]).toEqual([link.where, []]);
});

it('the boards link to each other: each head has all others', () => {
  for (const { uid, links } of boards) {
    expect(links.map(({ url }) => url).sort()).toEqual(
      boards
        .filter((other) => other.uid !== uid)
        .map((other) => `/d/${other.uid}`)
        .sort(),
    );
  }
});

it('a link filled in by dash is an address with nothing left to fill', () => {
  const data: LinkData = {
    value: 1,
    config: { custom: {} },
    name: 'crud',
    labels: { operation: 'account.read', service: 'chat', run: 'a b&c' },
    row: [
      ['operation', 'x'],
      ['run', 'a b&c'],
      ['board', 'plumbline-run'],
      ['latency_class', 'crud'],
    ],
  };
  const variables = ['datasource', 'run', 'service', 'operation', 'quantile', 'phase'].map((name) => ({
    name,
    values: ['v&1'],
    texts: ['v'],
    isList: false,
    isAll: false,
  }));
  const context = { time: { from: 'now-5m', to: 'now' }, range: { fromMs: 0, toMs: 300_000 }, variables };
  for (const { where, url, hasValue } of all) {
    const filled = dataLink({ title: '', url, targetBlank: false }, context, hasValue ? data : undefined).url;
    expect([where, filled]).toEqual([where, expect.not.stringContaining('$')]);
    const { searchParams } = new URL(filled, 'http://localhost');
    if (url.includes('queryparam')) expect([where, searchParams.get('var-quantile'), searchParams.get('from')]).toEqual([where, 'v&1', 'now-5m']);
  }
});

describe('the check itself', () => {
  const [first] = panelsOf(board('plumbline-overview')).filter(({ fieldConfig }) => fieldConfig.defaults.links);
  if (!first) throw new Error('Overview has no panel with a link');
  const good = all.find(({ where, hasValue }) => hasValue && where.includes('Server errors, by service'));
  if (!good) throw new Error('no link of "Server errors, by service"');
  const changed = (from: string | RegExp, to: string, of: Linked = good): string[] => faultsOf({ ...of, url: of.url.replace(from, to) }, boards);

  it.each<[string, string | RegExp, string, RegExp]>([
    ['a board that is not there', '/d/plumbline-service', '/d/plumbline-services', /leads to "\/d\/plumbline-services", which is no board/],
    ['no path of a board', '/d/', '/dashboard/', /which is no board/],
    ['a variable that is not there', 'var-service', 'var-server', /sets the variable "server"/],
    ['the time left out', /\$\{__url_time_range\}&/, '', /does not keep the time/],
    ['a variable left out', /&\$\{run:queryparam\}/, '', /does not keep the variables/],
    ['a panel that is not there', /$/, '&viewPanel=999', /shows panel 999/],
    ['a label that the panel does not have', 'labels.service', 'labels.operation', /names the field "operation"/],
    ['a template that nobody fills', '${phase:queryparam}', '${fase:queryparam}', /\$\{fase:queryparam\}/],
    ['a misspelt built-in', '__url_time_range', '__url_timerange', /\$\{__url_timerange\}/],
    ['a parameter that Grafana does not know', '${quantile:queryparam}', 'quantile=0.5', /has the parameter "quantile"/],
  ])('finds %s', (_, from, to, message) => {
    expect(changed(from, to).join('\n')).toMatch(message);
  });

  it('finds what is wrong with a link to the board that a row names', () => {
    const ofAlert = all.find(({ url }) => url.startsWith('/d/${__data.fields.board}'));
    if (!ofAlert) throw new Error('no link of the table of alerts');
    expect(changed('fields.board', 'fields.bord', ofAlert).join()).toMatch(/is no board/);
    expect(changed('var-latency_class', 'var-latency', ofAlert).join()).toMatch(/sets the variable "latency"/);
  });
  it('finds a value asked for by a link that has none', () => {
    expect(faultsOf({ ...good, hasValue: false }, boards).join('\n')).toMatch(/__field\.labels\.service.*nobody fills in/);
  });
  it('finds a head link that leaves time and variables', () => {
    const [head] = all;
    if (!head) throw new Error('no link');
    expect(faultsOf({ ...head, adds: { time: false, variables: false } }, boards)).toEqual([
      'does not keep the time',
      'does not keep the variables that both boards have',
    ]);
  });
});

/** An address that a program writes: only its path and parameters, with what is after `{{`..`}}` filled in by Prometheus. */
function addressFaults(url: string): string[] {
  const place: Linked = { where: url, url, board: board('plumbline-overview'), adds: { time: false, variables: true }, hasValue: false };
  return faultsOf({ ...place, url: url.replaceAll(/\{\{[^}]*\}\}/g, 'x') }, boards);
}

it("the harness' link to a run in Grafana leads to the run's board at its time", () => {
  const link = new URL(grafanaLink('http://127.0.0.1:3000/grafana/', { runId: '2026-11-25 a&b', startedAt: '2026-11-25T00:00:00.000Z', durationMs: 60_000 }));
  expect(link.pathname).toBe('/grafana/d/plumbline-run/');
  expect(addressFaults(`${link.pathname.replace('/grafana', '')}${link.search}`)).toEqual([]);
  expect(Object.fromEntries(link.searchParams)).toEqual({ from: '1795564795000', to: '1795564865000', 'var-run': '2026-11-25 a&b' });
});

interface Rule {
  alert?: string;
  annotations?: Record<string, string>;
}

describe('rules', () => {
  const folder = new URL('../../prometheus/rules/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.yml'));
  const alerts = files.flatMap((name) =>
    (parse(readFileSync(new URL(name, folder), 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) =>
      rules.filter(({ alert }) => alert !== undefined),
    ),
  );

  it('every alert links to a board that exists, with variables that it has, and to a section of a runbook', () => {
    expect(alerts.length).toBeGreaterThan(5);
    for (const { alert, annotations = {} } of alerts) {
      expect([alert, addressFaults(annotations['dashboard_url'] ?? '')]).toEqual([alert, []]);
      const [file = '', anchor = ''] = (annotations['runbook_url'] ?? '').split('#');
      const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
      const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      );
      expect([alert, anchors]).toEqual([alert, expect.arrayContaining([anchor])]);
    }
  });
  it('finds a misspelt board and variable', () => {
    expect(addressFaults('/d/plumbline-runs?from=now-15m&to=now')).toHaveLength(1);
    expect(addressFaults('/d/plumbline-run?from=now-15m&to=now&var-runs={{ $labels.run }}').join()).toMatch(/sets the variable "runs"/);
  });
});
