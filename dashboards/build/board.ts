import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type Panel,
  RowBuilder,
  TimePickerBuilder,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { metricLabels as labels, runMetricNames } from '../../scenarios/names.ts';
import { boardLinks } from './links.ts';
import { boards, type BoardName, colours } from './look.ts';
import type { Placed } from './panel.ts';
import { datasource, variableNames, variablesOf } from './variables.ts';

const columns = 24;

export interface Section {
  title: string;
  panels: readonly Placed[];
}

export interface BoardFacts {
  name: BoardName;
  /** The question that the whole board answers. */
  says: string;
  sections: readonly Section[];
  singleRun?: boolean;
  extraVariables?: readonly VariableModel[];
  from?: string;
}

/** Lays the panels out from left to right, a row of Grafana for each section, and adds what all boards have. */
export function board({ name, says, sections, singleRun = false, extraVariables = [], from = 'now-15m' }: BoardFacts): Dashboard {
  const { uid, title } = boards[name];
  const panels = layOut(sections);
  const builder = new DashboardBuilder(`plumbline / ${title}`)
    .uid(uid)
    .description(says)
    .tags(['plumbline'])
    .editable()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from, to: 'now' })
    .timezone('browser')
    .refresh('5s')
    .timepicker(new TimePickerBuilder().refreshIntervals(['1s', '5s', '10s', '30s', '1m']));
  const board = builder.build();
  board.panels = panels;
  board.links = boardLinks(name);
  board.annotations = { list: annotations() };
  const text = JSON.stringify(panels);
  const shown = new Set(variableNames.filter((variable) => new RegExp(`\\$\\{?${variable}\\b(?!:queryparam)`).test(text)));
  board.templating = { list: variablesOf({ shown, singleRun, extra: extraVariables }) };
  return board;
}

function layOut(sections: readonly Section[]): Panel[] {
  const panels: Panel[] = [];
  let y = 0;
  let id = 1;
  for (const { title, panels: placed } of sections) {
    const row = new RowBuilder(title).gridPos({ x: 0, y, w: columns, h: 1 }).id(id).build();
    id += 1;
    panels.push(row as unknown as Panel);
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const { width, height, build } of placed) {
      if (x + width > columns) {
        x = 0;
        y += lineHeight;
        lineHeight = 0;
      }
      panels.push({ ...build(), id, gridPos: { x, y, w: width, h: height } });
      id += 1;
      x += width;
      lineHeight = Math.max(lineHeight, height);
    }
    y += lineHeight;
  }
  return panels;
}

/** Marks of runs and of their phases. They come from Prometheus, so that they are there whatever happens to Grafana. */
function annotations() {
  const marks = (title: string, colour: string, phase: string, text: string) => {
    // The end is in one scrape only, then the series are stale: a query at steps sees it by looking back.
    const starts = `last_over_time(${runMetricNames.phaseStart}{${labels.run}=~"$run",${labels.phase}=~"${phase}"}[5m])`;
    const expr = `max by (${labels.run}, ${labels.phase}) (${starts}) * 1000`;
    return new AnnotationQueryBuilder()
      .name(title)
      .datasource(datasource)
      .enable(true)
      .hide(false)
      .iconColor(colour)
      .type('dashboard')
      .expr(expr)
      .step('5s')
      .titleFormat(text)
      .textFormat(`{{${labels.run}}}`)
      .tagKeys(`${labels.run},${labels.phase}`)
      .useValueForTime(true)
      .target(new DataqueryBuilder().refId('Anno').expr(expr).range().datasource(datasource))
      .build();
  };
  return [marks('Run', colours.good, 'warm-up|ended', 'run: {{phase}}'), marks('Phase', colours.neutral, 'measured|drain', 'phase: {{phase}}')];
}
