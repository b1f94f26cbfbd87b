/** Whether a link works in Grafana as it is written: the board exists, its variables exist, time is kept, templates are known. Pure. */
import type { Board, DataLink, Panel } from '../../harness/dash/board/board.ts';
import { alertRules } from '../../dashboards/rules/index.ts';
import { panelsOf } from '../../harness/dash/board/board.ts';
import { metricLabels } from '../../scenarios/names.ts';

export interface Linked {
  /** Where it was found. */
  where: string;
  url: string;
  board: Board;
  panel?: Panel;
  /** Filled by the board itself rather than written. */
  adds: { time: boolean; variables: boolean };
  /** What the templates of a value may name: a panel's own link has no value. */
  hasValue: boolean;
}

const nothing = { time: false, variables: false };

/** Every link of a board: of its head, of panels, of fields. */
export function linksOf(board: Board): Linked[] {
  const ofHead = board.links.map(
    (link): Linked => ({
      where: `${board.uid}, head, "${link.title}"`,
      url: link.url,
      board,
      adds: { time: link.keepTime, variables: link.includeVars },
      hasValue: false,
    }),
  );
  const ofPanels = panelsOf(board).flatMap((panel) => {
    const linked =
      (hasValue: boolean) =>
      (link: DataLink): Linked => ({
        where: `${board.uid}, panel "${panel.title}", "${link.title}"`,
        url: link.url,
        board,
        panel,
        adds: nothing,
        hasValue,
      });
    return [...panel.links.map(linked(false)), ...fieldLinks(panel).map(linked(true))];
  });
  return [...ofHead, ...ofPanels];
}

function fieldLinks({ fieldConfig: { defaults, overrides } }: Panel): DataLink[] {
  const overridden = overrides.flatMap(({ properties }) => properties.filter(({ id }) => id === 'links').flatMap(({ value }) => value as DataLink[]));
  return [...(defaults.links ?? []), ...overridden];
}

const builtIn = /^__(?:url_time_range|all_variables|from|to)$/;
const ofValue = /^__(?:value\.(?:raw|numeric|text|time)|series\.name|field\.(?:name|displayName))$/;

/** What is wrong with a link; empty: nothing. */
export function faultsOf(link: Linked, boards: readonly Board[]): string[] {
  const [path = '', query = ''] = link.url.split('?');
  const uid = /^\/d\/([^/]+)\/?$/.exec(path)?.[1];
  // What a row of the table of alerts names is known from their rules.
  const uids = uid === `\${__data.fields.${metricLabels.board}}` ? alertRules().map(({ labels }) => labels.board) : [uid];
  const [target, ...others] = boards.filter((board) => uids.includes(board.uid));
  if (!target) return [`leads to "${path}", which is no board: expected /d/ and one of ${boards.map((board) => board.uid).join(', ')}`];
  const templates = [...link.url.matchAll(/\$\{([^}]+)\}|\$(\w+)/g)].map(([, braced, plain]) => braced ?? plain ?? '');
  return [
    ...templates.flatMap((template) => templateFaults(template, link)),
    ...parametersOf(query, link.board).flatMap((parameter) =>
      // One that another of these boards has is left alone by those that do not.
      others.some((other) => parameterFaults(parameter, other).length === 0) ? [] : parameterFaults(parameter, target),
    ),
    ...(link.adds.time || keepsTime(query) ? [] : ['does not keep the time']),
    ...(link.adds.variables || keepsVariables(query, target) ? [] : ['does not keep the variables that both boards have']),
  ];
}

/** Names of parameters, those of `${name:queryparam}` among them. */
function parametersOf(query: string, from: Board): { name: string; value: string }[] {
  return query.split('&').flatMap((part) => {
    const whole = /^\$\{(\w+):queryparam\}$/.exec(part);
    if (whole?.[1] !== undefined) return [{ name: `var-${whole[1]}`, value: '' }];
    if (part === '${__all_variables}') return from.variables.map(({ name }) => ({ name: `var-${name}`, value: '' }));
    if (part === '${__url_time_range}' || part === '') return [];
    const [name = '', value = ''] = part.split('=');
    return [{ name, value }];
  });
}

function parameterFaults({ name, value }: { name: string; value: string }, target: Board): string[] {
  if (name === 'from' || name === 'to') return [];
  if (name === 'viewPanel') return panelsOf(target).some(({ id }) => String(id) === value) ? [] : [`shows panel ${value}, which ${target.uid} does not have`];
  const variable = /^var-(.+)$/.exec(name)?.[1];
  if (variable === undefined) return [`has the parameter "${name}": expected from, to, viewPanel or var-<name>`];
  return target.variables.some((each) => each.name === variable) ? [] : [`sets the variable "${variable}", which ${target.uid} does not have`];
}

function templateFaults(template: string, { board, panel, hasValue }: Linked): string[] {
  const [name = '', format] = template.split(':');
  if (builtIn.test(name)) return [];
  if (board.variables.some((variable) => variable.name === name))
    return format === undefined || /^(?:queryparam|percentencode|raw|text)$/.test(format) ? [] : [`has the format "${format}" in \${${template}}`];
  if (hasValue && ofValue.test(name)) return [];
  const label = /^__(?:field\.labels|data\.fields)\.(\w+)$/.exec(name)?.[1];
  if (hasValue && label !== undefined && panel) return isShown(label, panel) ? [] : [`names the field "${label}", which no query of the panel keeps`];
  return [`has \${${template}}, which nobody fills in`];
}

/** A label that every query of the panel sums by. */
function isShown(label: string, { targets }: Panel): boolean {
  return targets.every(
    ({ expr }) =>
      !/\b(?:sum|max|min|avg|count|topk)\b/.test(expr) || [...expr.matchAll(/\bby \(([^)]*)\)/g)].some(([, by = '']) => by.split(/,\s*/).includes(label)),
  );
}

function keepsTime(query: string): boolean {
  return query.includes('${__url_time_range}') || /(?:^|&)from=/.test(query);
}

function keepsVariables(query: string, target: Board): boolean {
  if (query.includes('${__all_variables}')) return true;
  const set = new Set(parametersOf(query, target).map(({ name }) => name.slice('var-'.length)));
  return ['datasource', 'run', 'service', 'operation', 'quantile', 'phase'].every(
    (name) => set.has(name) || !target.variables.some((each) => each.name === name),
  );
}
