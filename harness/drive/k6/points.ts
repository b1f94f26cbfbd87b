/** k6's JSON output, line by line: only the few points that are needed are parsed. */
import { points, recordMetadata } from '../../../scenarios/k6/record.ts';

export interface Point {
  metric: string;
  /** Wall clock, milliseconds since 1970 with fractions. */
  atEpochMs: number;
  value: number;
  tags: Record<string, string>;
  /** What the script told with the point. */
  record?: string;
}

/** The end of a request, with its tags. */
export const requestEnd = 'http_req_duration';
/** Starts that found no free virtual user. */
export const droppedStarts = 'dropped_iterations';

const wanted = [requestEnd, droppedStarts, points.started, points.request, points.journey].map((metric) => `{"metric":"${metric}","type":"Point"`);

/** Undefined for every line that is not a point of a wanted metric. Throws on one of those that cannot be read. */
export function pointOf(line: string): Point | undefined {
  // A test of the beginning, so that the other nine tenths of the lines are not parsed.
  if (!wanted.some((start) => line.startsWith(start))) return undefined;
  const { metric, data } = JSON.parse(line) as {
    metric: string;
    data: { time: string; value: number; tags?: Record<string, string>; metadata?: Record<string, string> };
  };
  const point: Point = { metric, atEpochMs: epochMsOf(data.time), value: data.value, tags: data.tags ?? {} };
  const record = data.metadata?.[recordMetadata];
  if (record !== undefined) point.record = record;
  return point;
}

/** RFC 3339 with up to nine digits of a second, in any zone; `Date.parse` would cut it to milliseconds. */
export function epochMsOf(time: string): number {
  const found = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(time);
  if (!found) throw new Error(`k6 gave the time "${time}"; expected RFC 3339`);
  return Date.parse(`${found[1]}${found[3]}`) + Number(`0${found[2] ?? ''}`) * 1_000;
}

/** Cuts a byte stream into lines. */
export function lineCutter(onLine: (line: string) => void): { push(chunk: string): void; end(): void } {
  let rest = '';
  return {
    push(chunk) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    },
    end() {
      if (rest !== '') onLine(rest);
      rest = '';
    },
  };
}
