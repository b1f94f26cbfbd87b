import { request } from 'undici';
import type { Annotation } from '../report/grafana-annotations.ts';

export interface AnnotateOptions {
  /** Of Grafana, with the path that it is served under. */
  grafanaUrl: string;
  /** Of a service account that may write annotations; without one Grafana decides what a stranger may do. */
  token?: string;
  /** For all of them together. */
  timeoutMs?: number;
}

const defaultTimeoutMs = 5_000;
const answerShown = 200;

/** Writes annotations into Grafana. Never throws: returns one line about what went wrong, undefined when all are written. After the first failure no more are sent. */
export async function annotateRun(annotations: readonly Annotation[], options: AnnotateOptions): Promise<string | undefined> {
  const { grafanaUrl, token, timeoutMs = defaultTimeoutMs } = options;
  const url = `${grafanaUrl.replace(/\/+$/, '')}/api/annotations`;
  const headers = { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) };
  const signal = AbortSignal.timeout(timeoutMs);
  let written = 0;
  try {
    for (const annotation of annotations) {
      const { statusCode, body } = await request(url, { method: 'POST', headers, body: JSON.stringify(annotation), signal });
      const text = await body.text();
      if (statusCode >= 300) throw new Error(`it answered ${statusCode}: ${text.slice(0, answerShown)}${hintOf(statusCode, token)}`);
      written += 1;
    }
    return undefined;
  } catch (error) {
    const reason = signal.aborted ? `no answer within ${timeoutMs} ms` : error instanceof Error ? error.message : String(error);
    return `${annotations.length - written} of ${annotations.length} annotations were not written to ${url}: ${reason}`.replaceAll(/\s+/g, ' ');
  }
}

function hintOf(status: number, token: string | undefined): string {
  if (status !== 401 && status !== 403) return '';
  return token === undefined
    ? '; set GRAFANA_TOKEN to the token of a service account that may write annotations'
    : '; the token in GRAFANA_TOKEN may not write annotations';
}
