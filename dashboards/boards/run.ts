import { metricLabels as labels, metricNames as m, runMetricNames as c } from '../../scenarios/names.ts';
import { board } from '../build/board.ts';
import { boundOf, limitsOf, millis, percent, validity } from '../build/bounds.ts';
import { linkTo, pathTo } from '../build/links.ts';
import { units } from '../build/look.ts';
import { figure, lines } from '../build/panels.ts';
import { inRange, last, lastQuantile, max, orZero, quantile, rate, series, share, sum } from '../build/promql.ts';
import { mappingsOf } from '../build/panel.ts';
import { table, traces } from '../build/tables.ts';
import { ofClient, ofOperation, ofPhase, ofRun, ofServer } from './filters.ts';
import { holds, verdicts } from './tones.ts';

const sentOutcomes = { [labels.outcome]: '~ok|failed|timeout|aborted' };
const errorShare = share(sum(last(c.requests, { ...ofClient, [labels.outcome]: '~failed|timeout' })), sum(last(c.requests, { ...ofClient, ...sentOutcomes })));
const leg = [labels.scenario, labels.driver] as const;

/** Client and server of one latency class, and what lies between them. */
function bothSides(latencyClass: string, limits: ReturnType<typeof limitsOf>) {
  const ofClass = { [labels.latencyClass]: latencyClass };
  const client = quantile('$quantile', c.latency, { ...ofClient, ...ofClass });
  const server = quantile('$quantile', m.requestDuration, { ...ofServer, ...ofClass });
  return lines({
    title: `Client against server: ${latencyClass}`,
    says: `The chosen quantile of ${latencyClass} requests as the client sees it (from the intended send time) and as the server does (from arrival). The gap is network, connections, queues before the server, and the harness itself. A growing gap: look at schedule lag and measurement error. Click a dot for its trace.`,
    unit: units.seconds,
    min: 0,
    queries: [
      { expr: client, legend: 'client', exemplars: true },
      { expr: server, legend: 'server' },
      { expr: `${client} - ${server}`, legend: 'gap' },
    ],
    colours: { client: 'client', server: 'server', gap: 'gap' },
    limits,
    valueLinks: [linkTo('service', 'The server side')],
  });
}

export const run = board({
  name: 'run',
  says: 'One run: what came of it, whether its load was delivered, what client and server measured, and how large the error of the harness can be.',
  singleRun: true,
  sections: [
    {
      title: 'What came of it',
      panels: [
        figure({
          title: 'Verdict',
          says: 'Of the whole run, once it has ended; the exit code goes with it. Invalid: the load was not delivered, see Validity. Fail: see Objectives below.',
          unit: units.plain,
          queries: [{ expr: max(last(c.verdict, ofRun)) }],
          mappings: mappingsOf(verdicts),
          noValue: 'under way',
        }),
        figure({
          title: 'Goodput',
          says: 'Share of requests that ended well and met every objective. Below 99%: see which objective in the table.',
          unit: units.ratio,
          decimals: 2,
          queries: [{ expr: share(sum(last(c.good, ofClient)), sum(last(c.requests, { ...ofClient, [labels.outcome]: '~ok|failed|timeout|dropped' }))) }],
          limits: [
            { from: 0.9, colour: 'warning' },
            { from: 0.99, colour: 'good' },
          ],
        }),
        figure({
          title: 'Errors',
          says: 'Failed and timed out, of all requests that were sent. Above the objective: see the errors by outcome, and the Service board for the codes.',
          unit: units.ratio,
          decimals: 3,
          queries: [{ expr: errorShare }],
          limits: limitsOf('crud', { metric: 'errorRatio' }),
          valueLinks: [linkTo('service', 'Errors by operation')],
        }),
        figure({
          title: 'Dropped',
          says: `Requests that were due and never sent, of all that were due. Above ${percent(validity.droppedRatio)} the run is invalid: lower the rate or raise maxInFlight.`,
          unit: units.ratio,
          decimals: 3,
          queries: [{ expr: share(sum(last(c.requests, { ...ofClient, [labels.outcome]: 'dropped' })), sum(last(c.requests, ofClient))) }],
          limits: [{ from: validity.droppedRatio, colour: 'bad' }],
        }),
        figure({
          title: 'Schedule lag, p99',
          says: `How late the generator was against its own schedule. Above ${millis(validity.scheduleLagSeconds)} (or ${percent(validity.scheduleLagShareOfMedian)} of the median latency) the run is invalid: the driver was the bottleneck.`,
          unit: units.seconds,
          decimals: 1,
          queries: [{ expr: lastQuantile(0.99, c.scheduleLag, ofPhase) }],
          limits: [{ from: validity.scheduleLagSeconds, colour: 'bad' }],
        }),
        figure({
          title: 'Spans lost',
          says: 'Spans that the server could not export in the time shown. Above 0 a missing trace proves nothing: see Telemetry health.',
          unit: units.count,
          decimals: 0,
          queries: [{ expr: orZero(sum(inRange(m.spansDropped))) }],
          limits: [{ from: 1, colour: 'bad' }],
          valueLinks: [linkTo('telemetry', 'Telemetry health')],
        }),
      ],
    },
    {
      title: 'Was the load delivered?',
      panels: [
        lines({
          title: 'Offered and achieved',
          says: 'Requests that the schedule wanted, those that left, and those that came back, per second. Sent below offered: the generator could not keep up. Ended below sent for long: the server cannot.',
          unit: units.requestsPerSecond,
          min: 0,
          queries: [
            { expr: sum(rate(c.offered, ofRun)), legend: 'offered' },
            { expr: sum(rate(c.sent, ofRun)), legend: 'sent' },
            { expr: sum(rate(c.ended, ofRun)), legend: 'ended' },
          ],
          colours: { offered: 'gap', sent: 'client', ended: 'good' },
        }),
        lines({
          title: 'Schedule lag',
          says: 'Sent minus intended: how late the generator was, by itself. p99 above the line makes the run invalid.',
          unit: units.seconds,
          queries: [
            { expr: quantile(0.5, c.scheduleLag, ofPhase), legend: 'p50' },
            { expr: quantile(0.99, c.scheduleLag, ofPhase), legend: 'p99' },
          ],
          limits: [{ from: validity.scheduleLagSeconds, colour: 'bad' }],
        }),
        lines({
          title: "Driver's event loop",
          says: `How long the driver's own event loop was held up (p99 of the last 5 to 10 s). Above ${millis(validity.loopDelaySeconds)} the run is invalid: use fewer requests a driver, or more cores.`,
          unit: units.seconds,
          min: 0,
          queries: [{ expr: max(series(c.loopDelayP99, ofRun), ...leg), legend: `{{${labels.scenario}}} {{${labels.driver}}}` }],
          limits: [{ from: validity.loopDelaySeconds, colour: 'bad' }],
        }),
        table({
          title: 'Validity',
          says: 'Each check of the load that was delivered, once the run has ended. One "no" voids the run, whatever else it shows.',
          queries: [
            { expr: max(last(c.validity, ofRun), ...leg, labels.check) },
            { expr: max(last(c.validityValue, ofRun), ...leg, labels.check, labels.unit) },
            { expr: max(last(c.validityLimit, ofRun), ...leg, labels.check, labels.unit) },
          ],
          columns: [
            { of: labels.scenario, title: 'Scenario' },
            { of: labels.driver, title: 'Driver' },
            { of: labels.check, title: 'Check' },
            { of: 'A', title: 'Holds', values: holds },
            { of: 'B', title: 'Found', decimals: 4 },
            { of: 'C', title: 'Allowed', decimals: 4 },
            { of: labels.unit, title: 'Unit' },
          ],
          sortBy: 'Holds',
          ascending: true,
          noValue: 'under way',
        }),
        table({
          title: 'Objectives',
          says: "The scenario's promises against what was measured, once the run has ended.",
          queries: [
            { expr: max(last(c.objective, ofRun), ...leg, labels.objective) },
            { expr: max(last(c.objectiveValue, ofRun), ...leg, labels.objective, labels.unit) },
            { expr: max(last(c.objectiveLimit, ofRun), ...leg, labels.objective, labels.unit) },
          ],
          columns: [
            { of: labels.scenario, title: 'Scenario' },
            { of: labels.driver, title: 'Driver' },
            { of: labels.objective, title: 'Objective' },
            { of: 'A', title: 'Verdict', values: verdicts },
            { of: 'B', title: 'Measured', decimals: 4 },
            { of: 'C', title: 'Bound', decimals: 4 },
            { of: labels.unit, title: 'Unit' },
          ],
          sortBy: 'Verdict',
          noValue: 'under way',
        }),
      ],
    },
    {
      title: 'Client and server',
      panels: [
        bothSides('metadata', limitsOf('crud', { metric: 'latency', latencyClass: 'metadata' })),
        bothSides('crud', limitsOf('crud', { metric: 'latency', latencyClass: 'crud' })),
        bothSides('completion', limitsOf('sse', { metric: 'latency', operation: 'chat.completion' })),
        lines({
          title: 'Residual',
          says: "What the client measured from sent, minus the server's intended draw of that very request. It holds everything that was not meant to be: lateness of the server, network, the harness.",
          unit: units.seconds,
          queries: [0.5, 0.95, 0.99].map((q) => ({ expr: quantile(q, c.residual, ofPhase), legend: `p${q * 100}` })),
        }),
        lines({
          title: 'Measurement error, at most',
          says: "What the client measured from sent, minus what the server says it took: an upper bound of the harness' own error, with the network and the server's accept queue in it. Differences below it mean nothing.",
          unit: units.seconds,
          queries: [0.5, 0.95, 0.99].map((q) => ({ expr: quantile(q, c.measurementError, ofPhase), legend: `p${q * 100}` })),
        }),
        lines({
          title: 'Requests by outcome',
          says: 'How requests ended, per second. Failed and timed out count as errors; dropped were never sent; aborted were broken off by the client itself.',
          unit: units.requestsPerSecond,
          min: 0,
          stack: 'amount',
          queries: [{ expr: sum(rate(c.requests, ofClient), labels.outcome), legend: `{{${labels.outcome}}}` }],
          colours: { ok: 'good', failed: 'bad', timeout: 'warning', aborted: 'gap', dropped: 'neutral' },
        }),
        lines({
          title: 'Errors, share',
          says: 'Failed and timed out, of the requests that ended. Above the line the objective is not met.',
          unit: units.ratio,
          min: 0,
          queries: [
            {
              expr: share(sum(rate(c.requests, { ...ofClient, [labels.outcome]: '~failed|timeout' })), sum(rate(c.requests, { ...ofClient, ...sentOutcomes }))),
              legend: 'errors',
            },
          ],
          colours: { errors: 'bad' },
          limits: [{ from: boundOf('crud', { metric: 'errorRatio' }), colour: 'bad' }],
        }),
        lines({
          title: 'Requests under way',
          says: 'Of each scenario. A line that only climbs is a queue: the server is past its knee.',
          unit: units.count,
          min: 0,
          queries: [{ expr: sum(series(c.inFlight, ofRun), ...leg), legend: `{{${labels.scenario}}} {{${labels.driver}}}` }],
        }),
        lines({
          title: 'Good requests',
          says: 'Requests per second that ended well and met every objective, of each scenario.',
          unit: units.requestsPerSecond,
          min: 0,
          queries: [{ expr: sum(rate(c.good, ofClient), ...leg), legend: `{{${labels.scenario}}} {{${labels.driver}}}` }],
        }),
      ],
    },
    {
      title: 'Operations and traces',
      panels: [
        table({
          title: 'Operations',
          says: 'Each operation over the whole run, from the intended send time. The quantiles are within a bucket (15%) of those in the report. Click a name: its time by hop, in Path.',
          width: 14,
          height: 12,
          queries: [
            { expr: sum(last(`${c.latency}_count`, ofClient), labels.operation) },
            { expr: lastQuantile(0.5, c.latency, ofClient, labels.operation) },
            { expr: lastQuantile(0.95, c.latency, ofClient, labels.operation) },
            { expr: lastQuantile(0.99, c.latency, ofClient, labels.operation) },
            {
              expr: share(
                sum(last(c.requests, { ...ofClient, [labels.outcome]: '~failed|timeout' }), labels.operation),
                sum(last(c.requests, { ...ofClient, ...sentOutcomes }), labels.operation),
              ),
            },
          ],
          columns: [
            {
              of: labels.operation,
              title: 'Operation',
              link: { title: 'Time by hop', url: pathTo('path', { operation: `\${__data.fields.${labels.operation}}` }) },
            },
            { of: 'A', title: 'n', unit: units.count, decimals: 0 },
            { of: 'B', title: 'p50', unit: units.seconds },
            { of: 'C', title: 'p95', unit: units.seconds },
            { of: 'D', title: 'p99', unit: units.seconds },
            { of: 'E', title: 'Errors', unit: units.ratio, decimals: 2, limits: limitsOf('crud', { metric: 'errorRatio' }) },
          ],
          sortBy: 'p95',
        }),
        traces({
          title: 'Slow traces of the run',
          says: "Traces that carry the run's name and took over a second: open one to see who waited for whom.",
          width: 10,
          height: 12,
          query: '{ span.plumbline.run =~ "$run" && duration > 1s }',
        }),
        lines({
          title: 'Server, requests by operation',
          says: 'Answers per second at the edge, for comparison with what the client sent.',
          unit: units.requestsPerSecond,
          width: 24,
          min: 0,
          queries: [{ expr: sum(rate(`${m.requestDuration}_count`, ofOperation), labels.operation), legend: `{{${labels.operation}}}` }],
          valueLinks: [linkTo('path', 'Time by hop', { operation: `\${__field.labels.${labels.operation}}` })],
        }),
      ],
    },
  ],
});
