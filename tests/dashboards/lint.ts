/** The project's rules for a board, on its JSON. */
import { hops, latencyClasses, colours, units } from '../../dashboards/build/look.ts';
import { datasource, tempoDatasource, variableNames } from '../../dashboards/build/variables.ts';
import { classObjectives } from '../../scenarios/class-objectives.ts';
import { shipped } from '../../scenarios/index.ts';
import { dashboardIds, metricLabels, metricNames, runMetricNames } from '../../scenarios/names.ts';
import type { BoardJson, PanelJson, SourceJson, TargetJson } from './committed.ts';

export interface Fault {
  rule: RuleName;
  /** Board, and panel where there is one. */
  where: string;
  /** What was found, and what is expected instead. */
  text: string;
}

type Say = (text: string, panel?: PanelJson) => void;
type Rule = (board: BoardJson, say: Say) => void;

/** Labels with a bounded set of values; everything that a query groups by or a legend shows is one of them. */
const boundedLabels = new Set<string>([
  ...Object.values(metricLabels),
  ...['le', 'job', 'instance', 'tier', 'kind', 'client', 'server', 'alertname', 'severity', 'alertstate', '__name__'],
]);

/** What is stored with exemplars at its buckets: of a whole request or stream. Gaps, hops, lateness and the like are not. */
const withExemplars = [
  ...[metricNames.requestDuration, metricNames.ttft, metricNames.tpot, runMetricNames.latency, runMetricNames.ttft, runMetricNames.tpot],
].map((name) => `${name}_bucket`);
const whyNoExemplars: Readonly<Record<string, string>> = {
  [dashboardIds.compare]: 'two runs over one another, one of them shifted in time: its dots would stand where no line is',
};

const known: readonly string[] = Object.values(units);
const variables: readonly string[] = variableNames;
/** Window of a range vector; what stands in quotation marks is no window. */
const windowsOf = (expr: string): string[] => [...expr.replace(/"[^"]*"/g, '""').matchAll(/\[([^\]]+)\]/g)].map((found) => found[1] ?? '');
const isRow = ({ type }: PanelJson): boolean => type === 'row';
const isTempo = (source: SourceJson | undefined): boolean => source?.type === tempoDatasource.type && source.uid === tempoDatasource.uid;
const isTemplated = (source: SourceJson | undefined): boolean => source?.type === datasource.type && source.uid === datasource.uid;
const plainTargets = ({ targets = [] }: PanelJson): TargetJson[] => targets.filter(({ expr }) => expr !== undefined && expr !== '');
/** What a reader would call a sentence: some words, a capital, a full stop. */
const isSentence = (text = ''): boolean =>
  /^[A-Z0-9(]/.test(text) || /^[a-z]+ (?:is|are)\b/.test(text) ? /[.]$/.test(text) && text.split(/\s+/).length >= 4 : false;

function eachPanel(check: (panel: PanelJson, say: (text: string) => void, board: BoardJson) => void): Rule {
  return (board, say) => {
    for (const panel of board.panels) if (!isRow(panel)) check(panel, (text) => say(text, panel), board);
  };
}

export const rules = {
  title: eachPanel((panel, say, board) => {
    const { title = '' } = panel;
    if (title.trim() === '') say('has no title');
    // Links, runbooks and tests name a panel by it.
    else if (board.panels.some((other) => other !== panel && !isRow(other) && other.title === title)) say('its title is that of another panel');
  }),
  description: (board, say) => {
    if (!isSentence(board.description)) say(`description "${board.description ?? ''}": expected at least a sentence`);
    for (const panel of board.panels)
      if (!isRow(panel) && !isSentence(panel.description))
        say(`description "${panel.description ?? ''}": expected at least a sentence that says what it answers`, panel);
  },
  unit: eachPanel(({ fieldConfig }, say) => {
    const unit = fieldConfig?.defaults.unit ?? '';
    if (!known.includes(unit)) say(`unit "${unit}": expected one of ${known.join(', ')}`);
  }),
  datasource: (board, say) => {
    const check = (source: SourceJson | undefined, what: string, panel?: PanelJson): void => {
      if (!isTemplated(source) && !isTempo(source)) say(`${what} asks ${JSON.stringify(source)}: expected the variable datasource, or Tempo`, panel);
    };
    for (const panel of board.panels.filter((each) => !isRow(each))) {
      check(panel.datasource, 'it', panel);
      for (const target of panel.targets ?? []) check(target.datasource, `target ${target.refId}`, panel);
    }
    for (const { name, type, datasource } of board.templating.list) if (type === 'query') check(datasource, `variable ${name}`);
    for (const { name, datasource } of board.annotations.list) check(datasource, `annotation ${name}`);
  },
  window: eachPanel((panel, say) => {
    for (const { refId, expr = '', range = false } of plainTargets(panel))
      for (const window of windowsOf(expr)) {
        // What is drawn over time needs the window of its resolution; one value may be of the time shown, or of a window that its text names.
        const fits = range ? window === '$__rate_interval' || window === '$__range:5s' : /^(?:\$__rate_interval|\$__range(?::[25]s)?|\d+[smhd])$/.test(window);
        if (!fits) say(`target ${refId} has the window [${window}]: expected [$__rate_interval]${range ? '' : ', [$__range] or a fixed one'} in ${expr}`);
      }
  }),
  'bounded labels': eachPanel((panel, say) => {
    for (const { refId, expr = '', legendFormat = '' } of plainTargets(panel)) {
      const grouped = [...expr.matchAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g)].flatMap((found) => (found[1] ?? '').split(','));
      const shown = [...legendFormat.matchAll(/\{\{\s*(.+?)\s*\}\}/g)].map((found) => found[1] ?? '');
      for (const label of [...grouped, ...shown].map((each) => each.trim()).filter((each) => each !== ''))
        if (!boundedLabels.has(label)) say(`target ${refId} groups by or shows "${label}": expected a label with a bounded set of values (scenarios/names.ts)`);
    }
  }),
  thresholds: eachPanel((panel, say) => {
    if (isTempo(panel.datasource)) return;
    const steps = panel.fieldConfig?.defaults.thresholds?.steps ?? [];
    if (steps[0]?.value !== null) say('has no thresholds that begin with everything (value null)');
    const values = steps.slice(1).map(({ value }) => value);
    if (values.some((value, index) => typeof value !== 'number' || (index > 0 && value <= (values[index - 1] ?? 0))))
      say(`thresholds ${values.join(', ')}: expected numbers that rise`);
  }),
  'limits of latency': eachPanel((panel, say) => {
    const [only, ...more] = new Set(plainTargets(panel).flatMap(({ expr = '' }) => latencyClassOf(expr) ?? []));
    if (only === undefined || more.length > 0 || panel.type !== 'timeseries') return;
    const values = (panel.fieldConfig?.defaults.thresholds?.steps ?? []).map(({ value }) => value);
    const allowed = boundsOf(only);
    if (!values.some((value) => value !== null && allowed.includes(value)))
      say(`has the thresholds ${JSON.stringify(values)} for ${only}: expected one of its objectives (${allowed.join(', ')} s)`);
  }),
  exemplars: eachPanel((panel, say, board) => {
    const queries = plainTargets(panel).filter(
      ({ expr = '', range }) => range && (panel.type === 'heatmap' || expr.includes('histogram_quantile')) && withExemplars.some((name) => expr.includes(name)),
    );
    if (!['timeseries', 'heatmap'].includes(panel.type) || queries.length === 0 || whyNoExemplars[board.uid] !== undefined) return;
    if (!queries.some(({ exemplar }) => exemplar)) say('is a latency panel none of whose targets has exemplars: expected dots that open traces');
  }),
  variables: (board, say) => {
    const names = board.templating.list.map(({ name }) => name);
    const own = names.filter((name) => variables.includes(name));
    if (own.join() !== variables.join()) say(`variables ${names.join(', ')}: expected ${variables.join(', ')} in this order, others between them`);
  },
  'known variables': (board, say) => {
    const names = new Set(board.templating.list.map(({ name }) => name));
    for (const panel of board.panels)
      for (const { refId, expr = '', query = '', legendFormat = '' } of panel.targets ?? [])
        for (const [, name = ''] of `${expr} ${query} ${legendFormat}`.matchAll(/\$\{?(\w+)/g))
          if (!names.has(name) && !['__rate_interval', '__range', '__range_s', '__interval'].includes(name))
            say(`target ${refId} uses $${name}, which the board does not have`, panel);
  },
  ids: (board, say) => {
    if (!Object.values(dashboardIds).some((uid) => uid === board.uid)) say(`uid "${board.uid}" is not in dashboardIds`);
    const seen = new Set<number>();
    for (const panel of board.panels) {
      if (!Number.isInteger(panel.id) || panel.id < 1 || seen.has(panel.id))
        say(`id ${panel.id}: expected a whole number from 1 that no other panel has`, panel);
      seen.add(panel.id);
      const refIds = (panel.targets ?? []).map(({ refId }) => refId);
      if (new Set(refIds).size < refIds.length) say(`targets ${refIds.join(', ')}: expected a letter of its own for each`, panel);
    }
  },
  grid: (board, say) => {
    const placed = board.panels.map((panel) => ({ panel, ...panel.gridPos }));
    for (const [index, one] of placed.entries()) {
      if (one.x < 0 || one.w < 1 || one.h < 1 || one.x + one.w > 24) say(`lies at ${one.x}, ${one.w} wide: expected to be inside 24 columns`, one.panel);
      for (const other of placed.slice(index + 1))
        if (one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h)
          say(`overlaps "${other.panel.title}"`, one.panel);
    }
  },
  colours: eachPanel((panel, say) => {
    const own = new Map<unknown, unknown>();
    for (const { matcher, properties } of panel.fieldConfig?.overrides ?? []) {
      const value = properties.find(({ id }) => id === 'color')?.value as { fixedColor?: string } | undefined;
      if (matcher.id === 'byName' && value?.fixedColor !== undefined) own.set(matcher.options, value.fixedColor);
    }
    for (const name of [...hops, ...latencyClasses])
      if (own.has(name) && own.get(name) !== colours[name]) say(`${name} is ${String(own.get(name))}: expected ${colours[name]}, as everywhere`);
    if (panel.type !== 'timeseries') return;
    for (const [label, names] of [
      ['hop', hops],
      ['latency_class', latencyClasses],
    ] as const)
      if (plainTargets(panel).some(({ legendFormat }) => legendFormat === `{{${label}}}`))
        for (const name of names) if (!own.has(name)) say(`has lines by ${label} and no colour for ${name}: expected ${colours[name]}, as everywhere`);
  }),
  links: (board, say) => {
    const expected = Object.values(dashboardIds)
      .filter((uid) => uid !== board.uid)
      .map((uid) => `/d/${uid}`);
    const urls = board.links.map(({ url }) => url);
    if (urls.join() !== expected.join()) say(`links to ${urls.join(', ')}: expected ${expected.join(', ')}`);
    for (const { url, keepTime, includeVars } of board.links) if (!keepTime || !includeVars) say(`the link to ${url} does not keep time and variables`);
  },
} satisfies Record<string, Rule>;
export type RuleName = keyof typeof rules;

/** The class whose quantiles of request latency an expression shows; undefined: none, or all. */
function latencyClassOf(expr: string): (typeof latencyClasses)[number] | undefined {
  if (!expr.includes('histogram_quantile') || !expr.includes('request_duration_seconds_bucket')) return undefined;
  return latencyClasses.find((name) => expr.includes(`latency_class="${name}"`));
}

/** In seconds: what the service promises of the class, and what scenarios ask for. */
function boundsOf(latencyClass: (typeof latencyClasses)[number]): number[] {
  const asked = Object.values(shipped).flatMap(({ objectives }) =>
    objectives.flatMap(({ metric, max }) => (metric === 'latency' && max !== undefined ? [max] : [])),
  );
  return [classObjectives[latencyClass].latency.maxMs, ...asked].map((ms) => ms / 1_000);
}

/** Everything that is wrong with a board. */
export function lint(board: BoardJson): Fault[] {
  return (Object.keys(rules) as RuleName[]).flatMap((rule) => {
    const faults: Fault[] = [];
    rules[rule](board, (text, panel) => faults.push({ rule, where: `${board.uid}${panel ? ` / ${panel.title ?? `panel ${panel.id}`}` : ''}`, text }));
    return faults;
  });
}
