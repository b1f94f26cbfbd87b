import type { Board } from '../../harness/dash/board/board.ts';
import { type GrafanaApi, GrafanaError } from './api.ts';

/** As in grafana/provisioning/datasources: the same file that compose mounts. */
export interface DataSourceFile {
  name: string;
  uid: string;
  type: string;
  access: string;
  url: string;
  isDefault?: boolean;
  jsonData?: Record<string, unknown>;
}

export interface BoardFile {
  board: Board;
  /** The JSON as it is committed. */
  json: Record<string, unknown>;
}

export type Done = 'made' | 'updated' | 'was there';
export interface Step {
  what: string;
  done: Done;
}

export const folderUid = 'plumbline';
const emptyHere = [404] as const;

/** Version of the Grafana that answers. Throws where its database is not well. */
export async function versionOf(api: GrafanaApi): Promise<string> {
  const { database, version } = (await api.ask('GET', '/api/health')).body as { database?: unknown; version?: unknown };
  if (database !== 'ok') throw new GrafanaError(`Grafana says that its database is "${String(database)}": expected "ok"`);
  return String(version);
}

/**
 * Makes the data sources that are not there; those that are stay as they are.
 * @param urls by type, where Grafana finds them; one without stays out, and panels that need it fail
 */
export async function provisionDataSources(
  api: GrafanaApi,
  files: readonly DataSourceFile[],
  urls: Readonly<Record<string, string | undefined>>,
): Promise<Step[]> {
  const steps: Step[] = [];
  for (const { name, uid, type, access, jsonData = {} } of files) {
    const what = `data source ${uid} (${type})`;
    const { status } = await api.ask('GET', `/api/datasources/uid/${uid}`, { expected: emptyHere });
    if (status !== 404) {
      steps.push({ what, done: 'was there' });
      continue;
    }
    const url = urls[type];
    if (url === undefined) {
      if (type === 'prometheus')
        throw new GrafanaError(`there is no data source "${uid}" in this Grafana: say with --prometheus where Grafana finds Prometheus, and it is made`);
      continue;
    }
    await api.ask('POST', '/api/datasources', { body: { name: `plumbline ${name}`, uid, type, access, url, isDefault: false, jsonData } });
    steps.push({ what, done: 'made' });
  }
  return steps;
}

/** The folder, and all boards in it. A board that Grafana reads from files (as in the stack) cannot be written, and is what it is. */
export async function provisionBoards(api: GrafanaApi, files: readonly BoardFile[]): Promise<Step[]> {
  const steps: Step[] = [];
  let folderIsThere = false;
  for (const { board, json } of files) {
    const what = `board ${board.uid}`;
    const { status, body } = await api.ask('GET', `/api/dashboards/uid/${board.uid}`, { expected: emptyHere });
    if (status === 200 && (body as { meta?: { provisioned?: unknown } }).meta?.provisioned === true) {
      steps.push({ what, done: 'was there' });
      continue;
    }
    if (!folderIsThere) steps.push(await provisionFolder(api));
    folderIsThere = true;
    const saved = await api.ask('POST', '/api/dashboards/db', {
      body: { dashboard: { ...json, id: null }, folderUid, message: 'plumbline: npm run grafana:check', overwrite: true },
    });
    const { status: said, uid } = saved.body as { status?: unknown; uid?: unknown };
    if (said !== 'success' || uid !== board.uid)
      throw new GrafanaError(`${what}: Grafana answered ${JSON.stringify(saved.body).slice(0, 200)}: expected "success" under the same uid`);
    steps.push({ what, done: status === 404 ? 'made' : 'updated' });
  }
  return steps;
}

async function provisionFolder(api: GrafanaApi): Promise<Step> {
  const what = `folder ${folderUid}`;
  const { status } = await api.ask('GET', `/api/folders/${folderUid}`, { expected: emptyHere });
  if (status === 200) return { what, done: 'was there' };
  await api.ask('POST', '/api/folders', { body: { uid: folderUid, title: 'plumbline' } });
  return { what, done: 'made' };
}
