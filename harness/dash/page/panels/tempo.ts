import type { Target } from '../../board/board.ts';
import { foreignTargets } from '../../board/panel-queries.ts';
import { samplesOf, type PrometheusData } from '../../board/series.ts';
import { formatValue, shownText } from '../../board/units.ts';
import { getJson, type TraceSummary } from '../api.ts';
import { h } from '../dom.ts';
import { exactTime } from '../format.ts';
import type { DrawContext, MakeView } from '../view.ts';
import { type Edge, nodeGraph } from './node-graph.ts';

/** Panels that ask Tempo, which dash has not: the service graph comes from Prometheus, lists of traces from the spans of the runs. */
export const tempoView: MakeView = (host) => {
  const body = h('div', { class: 'tempo' });
  host.append(body);
  let drawing = 0;
  return {
    draw(_, context) {
      drawing += 1;
      const mine = drawing;
      const [target] = foreignTargets(context.panel, context.links);
      if (!target) return body.replaceChildren();
      const made = target.queryType === 'serviceMap' ? serviceGraph(context) : traceList(target, context);
      void made.catch((error: unknown) => fault(error, target)).then((node) => mine === drawing && body.replaceChildren(node));
    },
    destroy: () => (drawing += 1),
  };
};

function fault(error: unknown, { query }: Target): HTMLElement {
  const why = error instanceof Error ? error.message : String(error);
  return h('div', { class: 'empty' }, h('p', { text: why }), ...(query === undefined ? [] : [h('code', { text: query })]));
}

const callsMetric = 'traces_service_graph_request_total';

async function serviceGraph({ range, theme }: DrawContext): Promise<Node> {
  const seconds = Math.max(1, Math.round((range.toMs - range.fromMs) / 1_000));
  const ask = async (metric: string): Promise<{ labels: Record<string, string>; value: number }[]> => {
    const query = `sum by (client, server) (increase(${metric}[${seconds}s])) / ${seconds}`;
    const { data } = await getJson<{ data: PrometheusData }>(
      `/api/prometheus/api/v1/query?${new URLSearchParams({ query, time: String(range.toMs / 1_000) })}`,
    );
    return samplesOf(data).map(({ labels, samples }) => ({ labels, value: Number(samples[0]?.[1] ?? 0) }));
  };
  const [calls, failed] = await Promise.all([ask(callsMetric), ask('traces_service_graph_request_failed_total')]);
  const edges = calls.flatMap(({ labels: { client = '', server = '' }, value }): Edge[] => {
    const bad = failed.find(({ labels }) => labels['client'] === client && labels['server'] === server);
    return value > 0 ? [{ from: short(client), to: short(server), perSecond: value, failedPerSecond: bad?.value ?? 0 }] : [];
  });
  if (edges.length > 0) return nodeGraph(edges, theme);
  return h(
    'div',
    { class: 'empty' },
    h('p', { text: 'No service graph in this time' }),
    h('small', { text: `It comes from a collector's spans (${callsMetric}): plumbline up, then plumbline dash --prometheus http://127.0.0.1:9090` }),
  );
}

function short(service: string): string {
  return service.replace(/^plumbline-/, '');
}

async function traceList({ query = '{}' }: Target, { links }: DrawContext): Promise<Node> {
  const run = links.variables.find(({ name }) => name === 'run')?.values;
  const parameters = new URLSearchParams({ q: query, ...(run?.length === 1 && { run: run[0] ?? '' }) });
  const traces = await getJson<TraceSummary[]>(`/api/traces?${parameters}`);
  if (traces.length === 0) return h('div', { class: 'empty' }, h('p', { text: 'No trace of the local runs fits' }), h('code', { text: query }));
  const head = h('tr', {}, ...['Trace', 'Started', 'Spans', 'Took'].map((text, index) => h('th', { text, class: index > 1 ? 'number' : '' })));
  const rows = traces.map(({ traceId, name, startMs, spans, durationMs, failed }) =>
    h(
      'tr',
      {},
      h('td', { class: failed ? 'bad' : '' }, h('a', { href: `/trace/${traceId}`, text: name, title: traceId, blank: true })),
      h('td', { text: exactTime(startMs) }),
      h('td', { class: 'number', text: String(spans) }),
      h('td', { class: 'number', text: shownText(formatValue(durationMs, 'ms')) }),
    ),
  );
  return h('div', { class: 'table' }, h('table', {}, h('thead', {}, head), h('tbody', {}, ...rows)));
}
