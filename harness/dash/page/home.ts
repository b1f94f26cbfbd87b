import { dateText, formatValue, shownText } from '../board/units.ts';
import { type BoardSummary, type Facts, getJson, type RunSummary } from './api.ts';
import { boardPath } from './address.ts';
import { h } from './dom.ts';
import { firstSentence } from './page-head.ts';
import { runSpan } from './time-picker.ts';

const mostRuns = 25;

/** All boards, the latest runs, and how to make one. */
export async function showHome(app: HTMLElement, facts: Facts): Promise<void> {
  const [{ boards, broken }, runs] = await Promise.all([
    getJson<{ boards: BoardSummary[]; broken: { file: string; reason: string }[] }>('/api/boards'),
    getJson<RunSummary[]>('/api/runs'),
  ]);
  const cards = boards.map(({ uid, title, description = '' }) =>
    h('a', { class: 'board-card', href: `/d/${encodeURIComponent(uid)}` }, h('b', { text: title }), h('span', { text: firstSentence(description) })),
  );
  app.replaceChildren(
    h('div', { class: 'head' }, h('a', { class: 'brand', href: '/', text: 'plumbline' }), h('span', { class: 'dim', text: 'dash' })),
    h(
      'main',
      { class: 'home' },
      ...(facts.prometheus ? [] : [h('p', { class: 'banner', text: facts.withoutPrometheus })]),
      ...broken.map(({ file, reason }) => h('p', { class: 'banner bad', text: `${file}: ${reason}` })),
      h('h2', { text: 'Boards' }),
      h('div', { class: 'board-cards' }, ...cards),
      h('h2', { text: 'Runs' }),
      runs.length === 0 ? h('p', { class: 'dim' }, 'None yet. In another terminal: ', h('code', { text: 'plumbline run page-load' })) : runTable(runs, facts),
    ),
  );
}

function runTable(runs: readonly RunSummary[], facts: Facts): HTMLElement {
  const head = h('tr', {}, ...['Run', 'Started', 'Took', 'Legs', 'Verdict'].map((text) => h('th', { text })));
  const rows = runs
    .slice(0, mostRuns)
    .map((run) =>
      h(
        'tr',
        {},
        h('td', {}, h('a', { href: runPath(run, facts), text: run.runId })),
        h('td', { text: dateText(run.startedAtMs) }),
        h('td', { text: shownText(formatValue(run.durationMs, 'ms')) }),
        h('td', { text: run.legs.join(', ') }),
        h('td', {}, h('span', { class: `pill ${run.verdict}`, text: run.verdict })),
      ),
    );
  return h('div', { class: 'table card' }, h('table', {}, h('thead', {}, head), h('tbody', {}, ...rows)));
}

/** Its board, or without a Prometheus the harness' own series. */
export function runPath(run: RunSummary, { prometheus }: Facts): string {
  if (!prometheus) return `/run/${encodeURIComponent(run.runId)}`;
  return boardPath({ kind: 'board', uid: 'plumbline-run', time: runSpan(run), variables: { run: [run.runId] } });
}
