/**
 * A server that speaks the part of Grafana's HTTP API that `grafana:check` uses, as Grafana's documentation has it: it keeps what was sent, refuses bodies that the
 * documentation does not allow, and answers queries out of a real Prometheus as data frames. It is no Grafana: what Grafana does with a board it cannot say.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Ajv } from 'ajv';
import { stepLookup, timeLookup } from '../../harness/dash/board/builtins.ts';
import { firstOf, interpolate } from '../../harness/dash/board/interpolate.ts';
import type { DsQuery, DsRequest } from '../../scripts/grafana/queries.ts';

const uid = { type: 'string', minLength: 1, maxLength: 40 };
/** Bodies by path, after https://grafana.com/docs/grafana/latest/developers/http_api/ (dashboard, folder, data_source). */
const schemas: Record<string, object> = {
  '/api/folders': {
    type: 'object',
    required: ['title'],
    additionalProperties: false,
    properties: { uid, title: { type: 'string', minLength: 1 }, parentUid: uid },
  },
  '/api/datasources': {
    type: 'object',
    required: ['name', 'type', 'access'],
    additionalProperties: false,
    properties: {
      name: { type: 'string', minLength: 1 },
      uid,
      type: { type: 'string' },
      access: { enum: ['proxy', 'direct'] },
      url: { type: 'string', pattern: '^https?://' },
      isDefault: { type: 'boolean' },
      jsonData: { type: 'object' },
    },
  },
  '/api/dashboards/db': {
    type: 'object',
    required: ['dashboard'],
    additionalProperties: false,
    properties: {
      // `id: null` makes a new one, or with `overwrite` replaces the one of the same uid.
      dashboard: {
        type: 'object',
        required: ['id', 'uid', 'title', 'panels', 'schemaVersion'],
        properties: { id: { type: 'null' }, uid, title: { type: 'string' } },
      },
      folderUid: uid,
      message: { type: 'string' },
      overwrite: { type: 'boolean' },
    },
  },
  '/api/ds/query': {
    type: 'object',
    required: ['queries', 'from', 'to'],
    additionalProperties: false,
    properties: {
      from: { type: 'string', pattern: '^(\\d{13}|now.*)$' },
      to: { type: 'string', pattern: '^(\\d{13}|now.*)$' },
      queries: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          required: ['refId', 'datasource', 'intervalMs', 'maxDataPoints'],
          properties: {
            refId: { type: 'string', minLength: 1 },
            datasource: { type: 'object', required: ['uid'], properties: { uid: { ...uid, not: { pattern: '\\$' } } } },
            intervalMs: { type: 'integer', minimum: 1 },
            maxDataPoints: { type: 'integer', minimum: 1 },
            expr: { type: 'string', minLength: 1 },
          },
        },
      },
    },
  },
};
const ajv = new Ajv({ allErrors: true });
const validators = new Map(Object.entries(schemas).map(([path, schema]) => [path, ajv.compile(schema)]));

export interface Came {
  line: string;
  headers: IncomingHttpHeaders;
  body: unknown;
}

export interface StandIn {
  /** With a path, as behind a proxy. */
  url: string;
  came: Came[];
  /** Of this token alone, where it is set. */
  token?: string;
  /** Answers everything so. */
  failsWith?: number;
  /** Answers nothing. */
  silent: boolean;
  /** Boards that are read from files. */
  provisioned: Set<string>;
  /** Panels that the page marks as failed. */
  pageErrors: number;
  stop(): Promise<void>;
}

const scrapeMs = 1_000;
const base = '/grafana';

export async function startStandIn(prometheusUrl: string): Promise<StandIn> {
  const folders = new Set<string>();
  const dataSources = new Map<string, string>();
  const boards = new Map<string, Record<string, unknown>>();
  const standIn: StandIn = { url: '', came: [], silent: false, provisioned: new Set(), pageErrors: 0, stop: async () => undefined };

  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      const path = (request.url ?? '').slice(base.length);
      standIn.came.push({ line: `${request.method} ${path}`, headers: request.headers, body });
      if (standIn.silent) return;
      if (standIn.failsWith !== undefined) return send(response, standIn.failsWith, { message: 'said by the stand-in' });
      if (!(request.url ?? '').startsWith(base)) return send(response, 404, { message: 'Not found' });
      if (standIn.token !== undefined && request.headers.authorization !== `Bearer ${standIn.token}`) return send(response, 401, { message: 'Unauthorized' });
      void answer(request.method ?? '', path, body, response).catch((error: unknown) => send(response, 500, { message: String(error) }));
    });
  });

  async function answer(method: string, path: string, body: unknown, response: ServerResponse): Promise<void> {
    const [where = '', query = ''] = path.split('?');
    const last = where.split('/').at(-1) ?? '';
    const validate = validators.get(where);
    if (method === 'POST' && validate && !validate(body)) return send(response, 400, { message: `bad request data: ${ajv.errorsText(validate.errors)}` });
    if (where === '/api/health') return send(response, 200, { commit: '0', database: 'ok', version: '12.0.0-stand-in' });
    if (method === 'GET' && where.startsWith('/api/folders/'))
      return folders.has(last) ? send(response, 200, { uid: last }) : notFound(response, 'folder not found');
    if (where === '/api/folders') {
      const { uid: wanted } = body as { uid: string };
      if (folders.has(wanted)) return send(response, 409, { message: 'a folder with the same uid exists' });
      folders.add(wanted);
      return send(response, 200, { id: 1, uid: wanted });
    }
    const labels = /^\/api\/datasources\/uid\/([^/]+)\/resources(\/api\/v1\/label\/\w+\/values)$/.exec(where);
    if (labels)
      return dataSources.has(labels[1] ?? '')
        ? send(response, 200, await (await fetch(`${prometheusUrl}${labels[2]}?${query}`)).json())
        : notFound(response, 'Data source not found');
    if (method === 'GET' && where.startsWith('/api/datasources/uid/'))
      return dataSources.has(last) ? send(response, 200, { uid: last }) : notFound(response, 'Data source not found');
    if (where === '/api/datasources') {
      const { uid: made, url } = body as { uid: string; url: string };
      dataSources.set(made, url);
      return send(response, 200, { id: 1, message: 'Datasource added', name: made });
    }
    if (method === 'GET' && where.startsWith('/api/dashboards/uid/')) {
      const isFile = standIn.provisioned.has(last);
      return boards.has(last) || isFile
        ? send(response, 200, { dashboard: boards.get(last), meta: { provisioned: isFile } })
        : notFound(response, 'Dashboard not found');
    }
    if (where === '/api/dashboards/db') {
      const { dashboard, folderUid, overwrite } = body as { dashboard: { uid: string; title: string }; folderUid?: string; overwrite?: boolean };
      if (standIn.provisioned.has(dashboard.uid)) return send(response, 400, { message: 'Cannot save provisioned dashboard' });
      if (folderUid === undefined || !folders.has(folderUid)) return send(response, 400, { message: 'folder not found' });
      if (boards.has(dashboard.uid) && overwrite !== true)
        return send(response, 412, { message: 'A dashboard with the same uid already exists', status: 'name-exists' });
      boards.set(dashboard.uid, { ...dashboard });
      return send(response, 200, { id: boards.size, uid: dashboard.uid, url: `/d/${dashboard.uid}/x`, status: 'success', version: 1, slug: 'x' });
    }
    if (where === '/api/ds/query') return await query_(body as DsRequest, response);
    if (where.startsWith('/d/')) {
      const marks = '<i data-testid="data-testid Panel status error" title="bad data"></i>'.repeat(standIn.pageErrors);
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<title>${last}</title><h1>${last}</h1>${marks}`);
      return;
    }
    notFound(response, 'Not found');
  }

  async function query_({ queries, from, to }: DsRequest, response: ServerResponse): Promise<void> {
    const results = Object.fromEntries(
      await Promise.all(
        queries.map(async (query): Promise<[string, unknown]> => {
          if (!dataSources.has(query.datasource.uid)) return [query.refId, { error: 'data source not found', status: 404, frames: [] }];
          return [query.refId, await prometheusFrames(prometheusUrl, query, { fromMs: Number(from), toMs: Number(to) })];
        }),
      ),
    );
    const failed = Object.values(results).some((result) => (result as { error?: string }).error !== undefined);
    send(response, failed ? 400 : 200, { results });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  standIn.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}/`;
  standIn.stop = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return standIn;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function notFound(response: ServerResponse, message: string): void {
  send(response, 404, { message });
}

/** Fills in what Grafana's back end fills in, asks, and lays the answer out as data frames: one a series, times in milliseconds. */
async function prometheusFrames(prometheusUrl: string, query: DsQuery, range: { fromMs: number; toMs: number }): Promise<unknown> {
  const { intervalMs } = query;
  const expr = interpolate(String(query['expr']), firstOf(timeLookup(range), stepLookup({ intervalMs, scrapeMs })));
  const isInstant = query['instant'] === true;
  const aligned = (ms: number): string => String((Math.floor(ms / intervalMs) * intervalMs) / 1_000);
  const asked = isInstant
    ? { query: expr, time: String(range.toMs / 1_000) }
    : { query: expr, start: aligned(range.fromMs), end: aligned(range.toMs), step: String(intervalMs / 1_000) };
  const answer = await fetch(`${prometheusUrl}/api/v1/${isInstant ? 'query' : 'query_range'}`, { method: 'POST', body: new URLSearchParams(asked) });
  const { status, error, data } = (await answer.json()) as {
    status: string;
    error?: string;
    data?: { result: { metric: Record<string, string>; value?: [number, string]; values?: [number, string][] }[] };
  };
  if (status !== 'success') return { error: `bad_data: ${error}`, status: 400, frames: [] };
  const frames = (data?.result ?? []).map(({ metric, value, values = value ? [value] : [] }) => ({
    schema: {
      refId: query.refId,
      fields: [
        { name: 'Time', type: 'time' },
        { name: 'Value', type: 'number', labels: metric },
      ],
    },
    // JSON has no NaN: Grafana writes null and says so beside it.
    data: { values: [values.map(([at]) => at * 1_000), values.map(([, text]) => (Number.isFinite(Number(text)) ? Number(text) : null))] },
  }));
  return { status: 200, frames };
}
