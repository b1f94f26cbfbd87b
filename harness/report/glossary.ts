import { escape } from './escape.ts';

interface Word {
  name: string;
  formula: string;
  means: string;
}

/** Every number in the report, with its formula: tools disagree about these names. */
export const glossary: Readonly<Record<string, Word>> = {
  latency: {
    name: 'Latency',
    formula: 'end - intended send time',
    means:
      'Counts from when the schedule said the request should leave, so that waiting behind a stalled server is in it (no coordinated omission). Where a generator has no schedule it counts from sent, and the leg says so.',
  },
  serviceTime: { name: 'Service time', formula: 'end - sent', means: 'What a single request took once it had left.' },
  exchangeTime: {
    name: 'Exchange time',
    formula: '(end - sent) - connect',
    means: "Service time on a connection that was there: what compares with a server's own times. Where a driver cannot time connection set-up, that is in it.",
  },
  scheduleLag: { name: 'Schedule lag', formula: 'sent - intended send time - queued', means: "The generator's own delay. A run with much of it is invalid." },
  queued: {
    name: 'Queued',
    formula: "time waiting for a free connection by the journey's rules",
    means: 'Part of latency, as in a browser, and not schedule lag.',
  },
  connect: {
    name: 'Connect',
    formula: 'connection ready - sent',
    means:
      'TCP and TLS set-up, of the requests that a connection was opened for: n counts those. Part of latency and service time; not of residual and measurement error.',
  },
  ttfb: {
    name: 'TTFB',
    formula: 'first byte of the response - intended send time',
    means: 'A server that flushes headers early has a small TTFB and the same TTFT.',
  },
  ttft: { name: 'TTFT', formula: 'first content event - intended send time', means: 'The first event that carries content; not the headers, and no ping.' },
  gap: {
    name: 'Gap',
    formula: 'content event i + 1 - content event i',
    means: 'All gaps of all streams are pooled; the longest of each stream is its longest gap.',
  },
  tpot: {
    name: 'TPOT',
    formula: '(last content - first content) / (content events - 1)',
    means: 'Over events, not tokens: an event may carry none, one or many tokens.',
  },
  total: { name: 'Total', formula: 'end of stream - intended send time', means: 'Latency, of streams alone.' },
  residual: {
    name: 'Residual',
    formula: '(end - sent) - connect - intended draw of that very request',
    means:
      'What was measured beyond what the server meant to take, request by request. Needs the truth of the server. Where a driver cannot time connection set-up, that is in it.',
  },
  lateness: {
    name: 'Lateness',
    formula: "actual - intended - queued, by the server's clock",
    means: 'When things left the server minus when its profile intended it.',
  },
  measurementError: {
    name: 'Measurement error',
    formula: '(end - sent) - connect - actual',
    means:
      "Bounds the harness' own error from above: the network, accept queues and the server's loop delay are in it, and connection set-up where the driver cannot time it.",
  },
  goodput: {
    name: 'Goodput',
    formula: 'requests that ended ok and met every latency objective that covers them / s',
    means: 'As a share: of all requests that were due.',
  },
  dropped: { name: 'Dropped', formula: 'due, but never sent', means: 'The in-flight cap was reached. Counted, and above 0.1% the run is invalid.' },
  errors: {
    name: 'Errors',
    formula: '(failed + timed out) / sent',
    means: 'Timed-out requests stay in the quantiles with the time at which they were given up: the truth is at least that.',
  },
  interval: {
    name: '95% interval',
    formula: 'order statistics of the sample',
    means: 'Small numbers under a quantile. No assumption about the shape. An asterisk: n is too small for the quantile, n (1 - q) < 10.',
  },
};

/** A word with its formula on hover. */
export function word(key: string, shown?: string): string {
  const entry = glossary[key];
  if (!entry) return escape(shown ?? key);
  return `<abbr title="${escape(`${entry.formula}. ${entry.means}`)}">${escape(shown ?? entry.name)}</abbr>`;
}

export function glossarySection(): string {
  const entries = Object.values(glossary).map(
    ({ name, formula, means }) => `<div><dt>${escape(name)}</dt><dd><code>${escape(formula)}</code><br>${escape(means)}</dd></div>`,
  );
  return `<section id="words"><h2>Words and formulas</h2><dl class="words">${entries.join('')}</dl></section>`;
}
