/** Panels that a run's own results say nothing about, and where else they are proven: that they have data, the sweep of the live test shows. */

const rules = 'recorded by rules, which have unit tests (promtool test rules)';
const now = 'a gauge: the run has counts, not how many there were at a moment';
const process = "the process' own account, which the run does not have by the second";
const telemetry = 'of telemetry itself; what of it was lost is in Run';

export const notInRun: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['Budget left, worst', 'Burn in a run: 15 s and 1 m', 'Burn: 5 m and 1 h', 'Burn: 30 m and 6 h', 'Burn: 2 h and 1 d', 'Burn: 6 h and 3 d']
      .concat(['Budget left, 30 days', 'Promises'])
      .map((title) => [`plumbline-objectives / ${title}`, rules]),
  ),
  ...Object.fromEntries(
    ['Error budget burn', 'Unhealthy for', 'Budget left, 30 days', 'Alerts firing', 'Burn by promise', 'Alerts'].map((title) => [
      `plumbline-overview / ${title}`,
      rules,
    ]),
  ),
  ...Object.fromEntries(
    ['Behind', 'Changes that wait, by channel', 'Cache', 'Jobs failed', 'Jobs in the queue', 'Connections'].map((title) => [`plumbline-data / ${title}`, now]),
  ),
  ...Object.fromEntries(
    ['Writes lost', 'Stale reads', 'Stale reads and lost writes', 'Refused', 'Lag, by channel', 'Content behind title', 'Changes applied, by channel']
      .concat(['From request to end', 'Slowest queries', 'Hit ratio'])
      .map((title) => [`plumbline-data / ${title}`, 'the server does not tell it of a request: tests/data has it of writes, reads and jobs that are known']),
  ),
  'plumbline-overview / Slower than usual, by hop': 'the server against its own past: the faults show that it moves',
  'plumbline-page-load / Requests under way': now,
  'plumbline-page-load / Compression at the edge': 'the run has bytes as they came, and not before they were compressed',
  'plumbline-path / Who calls whom': 'counted by the collector of the spans that were sent',
  "plumbline-run / Driver's event loop": process,
  'plumbline-run / Requests under way': now,
  'plumbline-service / Under way': now,
  'plumbline-service / Workers busy': now,
  'plumbline-service / Queue before the workers': now,
  'plumbline-service / Inference slots': now,
  'plumbline-service / Store queries': 'the run knows the store, not its queries',
  'plumbline-service / Cache hits': 'the server does not tell it of a request',
  ...Object.fromEntries(
    ['Event loop delay', 'Event loop in use', 'Processor', 'Memory', 'Heap in use', 'Collections'].map((title) => [`plumbline-service / ${title}`, process]),
  ),
  'plumbline-streams / Lateness of events': 'of each event; the run keeps those of some streams',
  'plumbline-streams / Streams under way': now,
  'plumbline-streams / Stalls': 'the profile draws them, and the run does not tell them from other gaps',
  'plumbline-streams / Time stalled': 'the same',
  ...Object.fromEntries(
    ['Spans lost', 'Exports failed', 'Targets up', 'Oldest scrape', 'Exemplars', "Scrape's hold", 'Spans exported and lost', 'Spans that wait']
      .concat(['Traces kept, by reason', 'Records held', 'Collector: spans in and out', 'Collector: could not pass on'])
      .concat(['How long a scrape takes', 'Samples a scrape', 'Targets'])
      .map((title) => [`plumbline-telemetry / ${title}`, telemetry]),
  ),
};
