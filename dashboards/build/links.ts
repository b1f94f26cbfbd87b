import { type DashboardLink, DashboardLinkBuilder, DashboardLinkType } from '@grafana/grafana-foundation-sdk/dashboard';
import { boards, type BoardName } from './look.ts';
import { variableNames } from './variables.ts';

/** Path of the board whose uid a cell of the row has, with variables from other cells of it: variable by label. */
export function pathToBoardOf(label: string, set: Readonly<Record<string, string>>): string {
  const kept = variableNames.map((name) => `\${${name}:queryparam}`);
  const more = Object.entries(set).map(([name, from]) => `var-${name}=\${__data.fields.${from}}`);
  return `/d/\${__data.fields.${label}}?${['${__url_time_range}', ...kept, ...more].join('&')}`;
}

/** Path of a board with the time and the variables of this one, some of them set: `{service: '${__field.labels.service}'}`. */
export function pathTo(board: BoardName, set: Readonly<Record<string, string>> = {}): string {
  const variables = variableNames.map((name) => (set[name] === undefined ? `\${${name}:queryparam}` : `var-${name}=${set[name]}`));
  const more = Object.entries(set).flatMap(([name, value]) => (variableNames.some((known) => known === name) ? [] : [`var-${name}=${value}`]));
  return `/d/${boards[board].uid}?${['${__url_time_range}', ...variables, ...more].join('&')}`;
}

/** Of a value or a panel. */
export function linkTo(board: BoardName, title: string, set?: Readonly<Record<string, string>>): DashboardLinkBuilder {
  return new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(pathTo(board, set)).targetBlank(false);
}

/** The row of boards at the head of each. */
export function boardLinks(own: BoardName): DashboardLink[] {
  return (Object.keys(boards) as BoardName[])
    .filter((name) => name !== own)
    .map((name) => {
      const { uid, title } = boards[name];
      return new DashboardLinkBuilder(title)
        .type(DashboardLinkType.Link)
        .url(`/d/${uid}`)
        .icon('dashboard')
        .tooltip(`To ${title}, with this time and these variables`)
        .keepTime(true)
        .includeVars(true)
        .build();
    });
}
