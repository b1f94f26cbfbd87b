import type { AnnotationQuery, Board, BoardLink, Panel, Section, Target, Transformation } from './board.ts';
import { parseFieldConfig } from './parse-field-config.ts';
import { parseDataSource, parseLinks } from './parse-parts.ts';
import { parseVariable } from './parse-variable.ts';
import { filledText, type JsonObject, listOf, numberOf, objectOf, textOf } from './json.ts';

/** A file that is no dashboard, or one that cannot be drawn; the message says where. */
export class BoardFault extends Error {}

/** Reads Grafana's dashboard JSON. Throws BoardFault for what is no dashboard; what dash does not know is left out. */
export function parseBoard(json: unknown): Board {
  const board = objectOf(json);
  const uid = filledText(board['uid']);
  if (uid === undefined) throw new BoardFault('it has no "uid": expected the JSON of a Grafana dashboard');
  if (!Array.isArray(board['panels'])) throw new BoardFault(`dashboard "${uid}" has no list of "panels": expected Grafana's classic dashboard JSON`);
  const time = objectOf(board['time']);
  const description = filledText(board['description']);
  return {
    uid,
    title: filledText(board['title']) ?? uid,
    ...(description !== undefined && { description }),
    tags: listOf(board['tags']).flatMap((tag) => textOf(tag) ?? []),
    time: { from: textOf(time['from']) ?? 'now-15m', to: textOf(time['to']) ?? 'now' },
    refresh: textOf(board['refresh']) ?? '',
    variables: listOf(objectOf(board['templating'])['list']).flatMap((each) => parseVariable(objectOf(each)) ?? []),
    annotations: listOf(objectOf(board['annotations'])['list']).flatMap((each) => parseAnnotation(objectOf(each)) ?? []),
    links: listOf(board['links']).map((each) => parseBoardLink(objectOf(each))),
    sections: parseSections(board['panels'].map(objectOf)),
  };
}

/** An open row's panels follow it in the list, a collapsed one holds them. */
function parseSections(panels: readonly JsonObject[]): Section[] {
  const sections: Section[] = [{ collapsed: false, panels: [] }];
  for (const panel of panels) {
    if (panel['type'] === 'row') {
      const collapsed = panel['collapsed'] === true;
      sections.push({ title: textOf(panel['title']) ?? '', collapsed, panels: listOf(panel['panels']).map((each) => parsePanel(objectOf(each))) });
    } else sections.at(-1)?.panels.push(parsePanel(panel));
  }
  return sections.filter(({ title, panels: held }) => title !== undefined || held.length > 0);
}

function parsePanel(panel: JsonObject): Panel {
  const place = objectOf(panel['gridPos']);
  const description = filledText(panel['description']);
  const datasource = parseDataSource(panel['datasource']);
  const interval = filledText(panel['interval']);
  const maxDataPoints = numberOf(panel['maxDataPoints']);
  const timeFrom = filledText(panel['timeFrom']);
  return {
    id: numberOf(panel['id']) ?? 0,
    type: textOf(panel['type']) ?? '',
    title: textOf(panel['title']) ?? '',
    ...(description !== undefined && { description }),
    gridPos: { x: numberOf(place['x']) ?? 0, y: numberOf(place['y']) ?? 0, w: numberOf(place['w']) ?? 12, h: numberOf(place['h']) ?? 8 },
    ...(datasource && { datasource }),
    targets: listOf(panel['targets']).map((each, index) => parseTarget(objectOf(each), index)),
    options: objectOf(panel['options']),
    fieldConfig: parseFieldConfig(objectOf(panel['fieldConfig'])),
    links: parseLinks(panel['links']),
    transformations: listOf(panel['transformations']).flatMap((each) => parseTransformation(objectOf(each)) ?? []),
    ...(interval !== undefined && { interval }),
    ...(maxDataPoints !== undefined && { maxDataPoints }),
    ...(timeFrom !== undefined && { timeFrom }),
    transparent: panel['transparent'] === true,
  };
}

function parseTarget(target: JsonObject, index: number): Target {
  const datasource = parseDataSource(target['datasource']);
  const query = filledText(target['query']);
  const queryType = filledText(target['queryType']);
  const legendFormat = filledText(target['legendFormat']);
  const interval = filledText(target['interval']);
  const format = target['format'];
  const instant = target['instant'] === true;
  return {
    refId: filledText(target['refId']) ?? String.fromCharCode(65 + index),
    ...(datasource && { datasource }),
    expr: textOf(target['expr']) ?? '',
    ...(query !== undefined && { query }),
    ...(queryType !== undefined && { queryType }),
    ...(legendFormat !== undefined && { legendFormat }),
    instant,
    range: target['range'] === true || !instant,
    format: format === 'table' || format === 'heatmap' ? format : 'time_series',
    exemplar: target['exemplar'] === true,
    ...(interval !== undefined && { interval }),
    hide: target['hide'] === true,
  };
}

function parseTransformation(json: JsonObject): Transformation | undefined {
  const id = filledText(json['id']);
  return id === undefined || json['disabled'] === true ? undefined : { id, options: objectOf(json['options']) };
}

function parseBoardLink(link: JsonObject): BoardLink {
  const tooltip = filledText(link['tooltip']);
  return {
    type: link['type'] === 'dashboards' ? 'dashboards' : 'link',
    title: textOf(link['title']) ?? '',
    ...(tooltip !== undefined && { tooltip }),
    url: textOf(link['url']) ?? '',
    tags: listOf(link['tags']).flatMap((tag) => textOf(tag) ?? []),
    asDropdown: link['asDropdown'] === true,
    keepTime: link['keepTime'] === true,
    includeVars: link['includeVars'] === true,
    targetBlank: link['targetBlank'] === true,
  };
}

/** Grafana's own, built-in annotations have no query and are left out. */
function parseAnnotation(json: JsonObject): AnnotationQuery | undefined {
  const target = objectOf(json['target']);
  const expr = filledText(json['expr']) ?? filledText(target['expr']);
  if (expr === undefined) return undefined;
  const datasource = parseDataSource(json['datasource']);
  const step = filledText(json['step']) ?? filledText(target['step']) ?? filledText(target['interval']);
  const titleFormat = filledText(json['titleFormat']);
  const textFormat = filledText(json['textFormat']);
  const tagKeys = filledText(json['tagKeys']);
  return {
    name: textOf(json['name']) ?? '',
    enable: json['enable'] !== false,
    hide: json['hide'] === true,
    iconColor: textOf(json['iconColor']) ?? 'blue',
    ...(datasource && { datasource }),
    expr,
    ...(step !== undefined && { step }),
    ...(titleFormat !== undefined && { titleFormat }),
    ...(textFormat !== undefined && { textFormat }),
    ...(tagKeys !== undefined && { tagKeys }),
    useValueForTime: json['useValueForTime'] === true || json['useValueForTime'] === 'on',
  };
}
