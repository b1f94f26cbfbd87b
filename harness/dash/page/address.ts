/** What the address of the page says; the same form as Grafana's. */
export type Address = { kind: 'home' } | { kind: 'run'; runId: string } | BoardAddress;

export interface BoardAddress {
  kind: 'board';
  uid: string;
  /** Absent: the board's own. */
  time?: { from: string; to: string };
  refresh?: string;
  /** `var-<name>`. */
  variables: Record<string, string[]>;
  /** Of a panel that is shown alone. */
  viewPanel?: number;
}

export function readAddress({ pathname, search }: { pathname: string; search: string }): Address {
  const [, kind, id] = pathname.split('/');
  if (kind === 'run' && id) return { kind: 'run', runId: decodeURIComponent(id) };
  if (kind !== 'd' || !id) return { kind: 'home' };
  const query = new URLSearchParams(search);
  const variables: Record<string, string[]> = {};
  for (const key of new Set(query.keys())) if (key.startsWith('var-')) variables[key.slice('var-'.length)] = query.getAll(key);
  const from = query.get('from');
  const to = query.get('to');
  const refresh = query.get('refresh');
  const viewPanel = /^(?:panel-)?(\d+)$/.exec(query.get('viewPanel') ?? '')?.[1];
  return {
    kind: 'board',
    uid: decodeURIComponent(id),
    variables,
    ...(from !== null && to !== null && { time: { from, to } }),
    ...(refresh !== null && { refresh }),
    ...(viewPanel !== undefined && { viewPanel: Number(viewPanel) }),
  };
}

export function boardPath({ uid, time, refresh, variables, viewPanel }: BoardAddress): string {
  const query = new URLSearchParams();
  if (time) {
    query.set('from', time.from);
    query.set('to', time.to);
  }
  for (const [name, values] of Object.entries(variables)) for (const value of values) query.append(`var-${name}`, value);
  if (refresh !== undefined) query.set('refresh', refresh);
  if (viewPanel !== undefined) query.set('viewPanel', String(viewPanel));
  const text = query.toString();
  return `/d/${encodeURIComponent(uid)}${text === '' ? '' : `?${text}`}`;
}
