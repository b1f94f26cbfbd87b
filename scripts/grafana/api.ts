/** Grafana's HTTP API, as its documentation has it. */

/** What went wrong, and what to do about it. */
export class GrafanaError extends Error {}

export interface GrafanaAccess {
  /** Base URL, with the path that it is served under. */
  url: string;
  /** Of a service account; without one Grafana decides what a stranger may do. */
  token?: string;
  /** For each request. */
  timeoutMs: number;
}

export interface Answer {
  status: number;
  body: unknown;
}

const shownChars = 300;

export class GrafanaApi {
  private readonly base: string;
  private readonly access: GrafanaAccess;

  constructor(access: GrafanaAccess) {
    this.access = access;
    this.base = access.url.replace(/\/+$/, '');
  }

  /** Throws GrafanaError where there is no answer, no JSON, or an answer that is neither 2xx nor one of `expected`. */
  async ask(method: 'GET' | 'POST', path: string, { body, expected = [] }: { body?: unknown; expected?: readonly number[] } = {}): Promise<Answer> {
    const { token, timeoutMs } = this.access;
    const what = `${method} ${this.base}${path}`;
    let status: number;
    let text: string;
    try {
      const response = await fetch(`${this.base}${path}`, {
        method,
        headers: {
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        // A sign-in page is no answer.
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      throw new GrafanaError(`${what}: ${reasonOf(error, timeoutMs)}. Is Grafana there? Give its address with --grafana or GRAFANA_URL`);
    }
    const parsed = parsedJson(text);
    if (expected.includes(status) || (status >= 200 && status < 300)) {
      if (parsed === undefined) throw new GrafanaError(`${what} answered ${status} with no JSON: this is no Grafana, or not the path that it is served under`);
      return { status, body: parsed };
    }
    throw new GrafanaError(`${what} answered ${status}: ${messageOf(parsed, text)}${hintOf(status, token)}`);
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function messageOf(parsed: unknown, text: string): string {
  const message = (parsed as { message?: unknown } | undefined)?.message;
  return (typeof message === 'string' ? message : text).replaceAll(/\s+/g, ' ').slice(0, shownChars);
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}

function hintOf(status: number, token: string | undefined): string {
  if (status >= 300 && status < 400) return '; a redirect: give the address that Grafana itself has, with its path';
  if (status === 401)
    return token === undefined
      ? '; give the token of a service account with --token or GRAFANA_TOKEN'
      : '; the token is not one of this Grafana, or it has expired';
  if (status === 403) return '; the service account needs the role Admin: it makes data sources, a folder and dashboards';
  if (status === 404) return '; this is no Grafana, not the path that it is served under, or one older than 9';
  return '';
}
