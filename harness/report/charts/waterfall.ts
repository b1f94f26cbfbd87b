import type { JourneySample, Sample } from '../../sample.ts';
import { figure, type LegendEntry } from '../figure.ts';
import { bytes, ms, number } from '../format.ts';
import { linearScale, type Scale } from '../scales.ts';
import { el, px, svgRoot, svgText, tip } from '../svg.ts';

const width = 1180;
const nameWidth = 250;
const right = 56;
const rowHeight = 15;
/** Of the strip with the axis, which stays in sight while the rows scroll. */
const axisHeight = 48;

type PartKind = 'queued' | 'connect' | 'wait' | 'receive' | 'work';
interface Part {
  kind: PartKind;
  fromMs: number;
  toMs: number;
}
interface Row {
  step: string;
  operation: string;
  startMs: number;
  endMs: number;
  parts: Part[];
  said: string;
  bad: boolean;
}

const legend: readonly LegendEntry[] = [
  { text: 'queued (no free connection, or lag)', className: 'part-queued', shape: 'box' },
  { text: 'connect', className: 'part-connect', shape: 'box' },
  { text: 'wait (sent to first byte)', className: 'part-wait', shape: 'box' },
  { text: 'receive', className: 'part-receive', shape: 'box' },
  { text: "client's own work (declared)", className: 'part-work', shape: 'box' },
  { text: 'critical path', className: 'critical-key', shape: 'box' },
];

/** One journey, a row a step in order of start: what it waited for, the milestones, and the chain of steps that decided its end. */
export function waterfallChart(id: string, label: string, journey: JourneySample, requests: readonly Sample[]): string {
  const zero = journey.intendedAtMs;
  const critical = new Set(journey.criticalPath ?? []);
  const rows = [...requests.map((sample) => requestRow(sample, zero)), ...(journey.work ?? []).map((work) => workRow(work, zero))].toSorted(
    (a, b) => a.startMs - b.startMs || a.endMs - b.endMs,
  );
  const endMs = rows.reduce((latest, row) => Math.max(latest, row.endMs), Math.max(1, journey.endedAtMs - zero));
  const x = linearScale([0, endMs], [nameWidth, width - right], 10);
  const height = rows.length * rowHeight + 8;
  const axis =
    x.ticks.map((tick) => svgText(x(tick.value), axisHeight - 6, `${tick.text} ms`, { class: 'tick', 'text-anchor': 'middle' })).join('') +
    milestoneNames(journey, x);
  const grid = x.ticks.map((tick) => el('line', { class: 'grid', x1: x(tick.value), x2: x(tick.value), y1: 0, y2: height })).join('');
  const content = grid + rows.map((row, index) => drawRow(row, index * rowHeight, x, critical.has(row.step))).join('') + milestoneLines(journey, x, height);
  return figure({
    id,
    title: `${label}, ${ms(journey.endedAtMs - zero)}`,
    wide: true,
    scrolls: true,
    caption: `${number(requests.length)} requests, ${number(journey.work?.length ?? 0)} work steps, ${number(journey.connections)} connections, ${bytes(journey.bytes)}. Time counts from the journey's intended start. A step is due when its last parent ended plus its declared delay.`,
    legend,
    body: `<div class="stick">${svgRoot(width, axisHeight, `time axis of the ${label}`, axis)}</div>${svgRoot(width, height, `waterfall of the ${label}`, content)}`,
  });
}

function requestRow(sample: Sample, zero: number): Row {
  const at = (time: number | undefined): number | undefined => (time === undefined ? undefined : time - zero);
  const sent = at(sample.sentAtMs);
  const start = at(sample.intendedAtMs) ?? sent ?? 0;
  const end = at(sample.endedAtMs) ?? sent ?? start;
  const parts: Part[] = [];
  const push = (kind: PartKind, fromMs: number, toMs: number): void => {
    if (toMs > fromMs) parts.push({ kind, fromMs, toMs });
  };
  if (sent !== undefined) {
    push('queued', start, sent);
    const connected = Math.min(sent + (sample.connectMs ?? 0), end);
    push('connect', sent, connected);
    const first = Math.max(connected, Math.min(at(sample.firstByteAtMs) ?? end, end));
    push('wait', connected, first);
    push('receive', first, end);
  }
  const said = [
    `${sample.step}: ${sample.method} ${sample.operation}`,
    `${sample.status ?? ''} ${sample.outcome}${sample.error === undefined ? '' : `: ${sample.error}`}`.trim(),
    ...parts.map(({ kind, fromMs, toMs }) => `${kind}: ${ms(toMs - fromMs)}`),
    `from ${ms(start)} to ${ms(end)}`,
    ...(sample.bytes === undefined
      ? []
      : [
          `${bytes(sample.bytes)}${sample.encoding === undefined ? '' : ` ${sample.encoding}`}${sample.cacheStatus === undefined ? '' : `, cache ${sample.cacheStatus}`}`,
        ]),
    ...(sample.parentStep === undefined ? [] : [`after ${sample.parentStep}`]),
    ...(sample.requestId === undefined ? [] : [sample.requestId]),
  ];
  return { step: sample.step, operation: sample.operation, startMs: start, endMs: end, parts, said: said.join('\n'), bad: sample.outcome !== 'ok' };
}

function workRow(work: { step: string; startMs: number; endMs: number }, zero: number): Row {
  const [startMs, endMs] = [work.startMs - zero, work.endMs - zero];
  return {
    step: work.step,
    operation: 'work',
    startMs,
    endMs,
    parts: [{ kind: 'work', fromMs: startMs, toMs: endMs }],
    said: `${work.step}: the client's own work\n${ms(endMs - startMs)} from ${ms(startMs)}`,
    bad: false,
  };
}

function drawRow(row: Row, y: number, x: Scale, critical: boolean): string {
  const bars = row.parts
    .map(
      ({ kind, fromMs, toMs }) =>
        `<rect class="mark part-${kind}" x="${px(x(fromMs))}" y="${px(y + 3)}" width="${px(Math.max(1, x(toMs) - x(fromMs)))}" height="9"/>`,
    )
    .join('');
  const back = critical
    ? el('rect', { class: 'critical', x: 0, y, width, height: rowHeight }) + el('rect', { class: 'critical-edge', x: 0, y, width: 3, height: rowHeight })
    : '';
  const name = row.step.length > 36 ? `${row.step.slice(0, 35)}…` : row.step;
  const duration = svgText(x(row.endMs) + 5, y + 11, number(row.endMs - row.startMs), { class: 'duration' });
  return el(
    'g',
    { class: `row${critical ? ' on-path' : ''}${row.bad ? ' bad' : ''}` },
    tip(row.said) + back + el('rect', { class: 'hit', x: 0, y, width, height: rowHeight }) + svgText(10, y + 11, name, { class: 'step' }) + bars + duration,
  );
}

/** Names stand on two levels, so that milestones close to each other can both be read. */
function milestoneNames(journey: JourneySample, x: Scale): string {
  return sortedMilestones(journey)
    .map(([name, at], index) => {
      const anchor = x(at) > width - 170 ? 'end' : 'start';
      const line = el('line', { class: 'milestone', x1: x(at), x2: x(at), y1: 2, y2: axisHeight });
      return (
        line + svgText(x(at) + (anchor === 'end' ? -5 : 5), index % 2 === 0 ? 12 : 26, `${name} ${ms(at)}`, { class: 'milestone-name', 'text-anchor': anchor })
      );
    })
    .join('');
}

function milestoneLines(journey: JourneySample, x: Scale, height: number): string {
  return sortedMilestones(journey)
    .map(([name, at]) => el('line', { class: 'mark milestone', x1: x(at), x2: x(at), y1: 0, y2: height }, tip(`${name} ${ms(at)}`)))
    .join('');
}

function sortedMilestones(journey: JourneySample): [string, number][] {
  return Object.entries(journey.milestonesMs).toSorted(([, a], [, b]) => a - b);
}
