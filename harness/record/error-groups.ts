import type { ErrorGroup } from '../results/run-file.ts';
import type { Sample } from '../sample.ts';

const groupLimit = 500;
const otherGroup = 'other errors (more than 500 kinds)';

/** Counts of failures by kind. What differs from request to request (ids, ports, times) is replaced, status codes stay. Bounded to 500 kinds. */
export class ErrorGroups {
  readonly #groups = new Map<string, { count: number; line: string; latest: Sample }>();

  add(sample: Sample): void {
    const line = sample.error ?? `${sample.outcome}${sample.status === undefined ? '' : `, status ${sample.status}`}`;
    let key = kindOf(line);
    if (!this.#groups.has(key) && this.#groups.size >= groupLimit) key = otherGroup;
    const group = this.#groups.get(key);
    // The latest: of those, a server is most likely to hold the trace when it is asked.
    if (group) Object.assign(group, { count: group.count + 1, line, latest: sample });
    else this.#groups.set(key, { count: 1, line, latest: sample });
  }

  /** The most frequent ones, worst first. */
  top(most = 20): ErrorGroup[] {
    return [...this.#groups]
      .map(([error, { count, line, latest }]) => ({ error, count, example: `${latest.operation} (request ${latest.requestKey}): ${line}`, sample: latest }))
      .sort((a, b) => b.count - a.count)
      .slice(0, most);
  }
}

function kindOf(line: string): string {
  return (
    line
      .slice(0, 500)
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '<uuid>')
      // With a prefix that says of what: req_011C...
      .replaceAll(/\b[a-z]{2,8}_(?=[A-Za-z]*\d)[0-9A-Za-z]{12,}\b/g, '<id>')
      .replaceAll(/\b(?=[a-f]*\d)[0-9a-f]{12,}\b/gi, '<hex>')
      .replaceAll(/\d+(\.\d+)?(?= ?(ms|us|s|bytes|B)\b)/g, '<n>')
      .replaceAll(/(?<![\d.])\d+\.\d+(?![\d.])/g, '<n>')
      .replaceAll(/\d{4,}/g, '<n>')
  );
}
