import type { JourneySample, Sample } from '../../sample.ts';
import type { LegResult } from '../../results/run-file.ts';
import { number } from '../format.ts';
import { escape } from './escape.ts';
import { linearScale } from './scale.ts';

const width = 1000;
const nameWidth = 190;
const rowHeight = 7;
const streamRowHeight = 14;
const streamsDrawn = 24;

interface Row {
  name: string;
  startMs: number;
  parts: { kind: 'queued' | 'connect' | 'wait' | 'receive' | 'work'; fromMs: number; toMs: number }[];
  title: string;
  critical: boolean;
}

/** Each step of a journey from its intended time to its end; times from the journey's start. */
export function waterfall(label: string, journey: JourneySample, requests: readonly Sample[], id: string): string {
  const zero = journey.intendedAtMs;
  const critical = new Set(journey.criticalPath ?? []);
  const rows = [...requests.map((sample) => requestRow(sample, zero, critical)), ...(journey.work ?? []).map((work) => workRow(work, zero, critical))].toSorted((a, b) => a.startMs - b.startMs);
  const endMs = Math.max(journey.endedAtMs - zero, ...rows.flatMap((row) => row.parts.map((part) => part.toMs)), 1);
  const x = linearScale({ from: 0, to: endMs }, { from: nameWidth, to: width - 10 });
  const height = rows.length * rowHeight + 34;
  const grid = x.ticks.map((tick) => `<line class="grid" x1="${x.at(tick)}" x2="${x.at(tick)}" y1="16" y2="${height}"/><text class="tick" x="${x.at(tick)}" y="11" text-anchor="middle">${number(tick)} ms</text>`).join('');
  const bars = rows
    .map((row, index) => {
      const y = 20 + index * rowHeight;
      const parts = row.parts.map((part) => `<rect class="mark part-${part.kind}" x="${x.at(part.fromMs).toFixed(1)}" y="${y}" width="${Math.max(0.8, x.at(part.toMs) - x.at(part.fromMs)).toFixed(1)}" height="${rowHeight - 1.5}"/>`).join('');
      return `<g${row.critical ? ' class="critical"' : ''}><text class="row" x="${nameWidth - 5}" y="${y + 5.5}" text-anchor="end">${escape(row.name)}</text>${parts}<title>${escape(row.title)}</title></g>`;
    })
    .join('');
  const milestones = Object.entries(journey.milestonesMs)
    .map(([name, ms]) => `<line class="milestone" x1="${x.at(ms).toFixed(1)}" x2="${x.at(ms).toFixed(1)}" y1="16" y2="${height}"/><text class="milestone-name" x="${(x.at(ms) - 3).toFixed(1)}" y="${height - 3}" text-anchor="end">${escape(name)} ${number(ms)} ms</text>`)
    .join('');
  return `<figure id="chart-${escape(id)}"><h4>${escape(label)}</h4><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(label)}">${grid}${bars}${milestones}</svg><p class="legend"><span class="part-queued"><i></i>queued</span><span class="part-connect"><i></i>connect</span><span class="part-wait"><i></i>wait</span><span class="part-receive"><i></i>receive</span><span class="part-work"><i></i>work</span></p><figcaption>${rows.length} steps, ${journey.connections} connections; the critical path is marked at the left. Hover for the numbers.</figcaption></figure>`;
}

function requestRow(sample: Sample, zero: number, critical: ReadonlySet<string>): Row {
  const intended = (sample.intendedAtMs ?? sample.sentAtMs ?? zero) - zero;
  const sent = (sample.sentAtMs ?? sample.intendedAtMs ?? zero) - zero;
  const end = (sample.endedAtMs ?? sample.sentAtMs ?? zero) - zero;
  const first = sample.firstByteAtMs === undefined ? end : sample.firstByteAtMs - zero;
  const connected = sent + (sample.connectMs ?? 0);
  const parts: Row['parts'] = [];
  if (sent > intended) parts.push({ kind: 'queued', fromMs: intended, toMs: sent });
  if (connected > sent) parts.push({ kind: 'connect', fromMs: sent, toMs: connected });
  parts.push({ kind: 'wait', fromMs: Math.min(connected, first), toMs: first });
  if (end > first) parts.push({ kind: 'receive', fromMs: first, toMs: end });
  const title = `${sample.step}: ${sample.operation} ${sample.status ?? sample.outcome}, ${number(end - intended)} ms from ${number(intended)} ms; ${number(sample.bytes ?? 0)} bytes ${sample.encoding ?? ''}${sample.requestId === undefined ? '' : `; ${sample.requestId}`}`;
  return { name: sample.step, startMs: intended, parts, title, critical: critical.has(sample.step) };
}

function workRow(work: { step: string; startMs: number; endMs: number }, zero: number, critical: ReadonlySet<string>): Row {
  const part = { kind: 'work' as const, fromMs: work.startMs - zero, toMs: work.endMs - zero };
  return { name: work.step, startMs: part.fromMs, parts: [part], title: `${work.step}: ${number(part.toMs - part.fromMs)} ms of the client's own work`, critical: critical.has(work.step) };
}

/** One row a stream, one tick an event, from the moment it was sent; hollow ticks are where the server intended them. */
export function streamTimelines(leg: LegResult): string {
  const streams = leg.streams.filter((sample) => sample.eventTimesMs !== undefined && sample.sentAtMs !== undefined).slice(0, streamsDrawn);
  const id = `streams-${leg.id}`;
  const head = `<figure id="chart-${escape(id)}"><h4>Stream timelines</h4>`;
  if (streams.length === 0) {
    const why = leg.driverReport.notAvailable.find((entry) => /event|ttft/i.test(entry.metric))?.reason ?? 'this leg has no streams';
    return `${head}<p class="absent">not available: ${escape(why)}</p></figure>`;
  }
  const endMs = Math.max(...streams.map((sample) => (sample.endedAtMs ?? 0) - (sample.sentAtMs ?? 0)), 1);
  const x = linearScale({ from: 0, to: endMs }, { from: 20, to: width - 20 });
  const height = streams.length * streamRowHeight + 30;
  const grid = x.ticks.map((tick) => `<line class="grid" x1="${x.at(tick)}" x2="${x.at(tick)}" y1="16" y2="${height}"/><text class="tick" x="${x.at(tick)}" y="11" text-anchor="middle">${number(tick)} ms</text>`).join('');
  const rows = streams
    .map((sample, index) => {
      const y = 20 + index * streamRowHeight;
      const sent = sample.sentAtMs ?? 0;
      const intended = (sample.truth?.events?.intendedMs ?? []).map((ms) => `<circle class="intended" cx="${x.at(ms).toFixed(1)}" cy="${y + 5}" r="3"/>`).join('');
      const ticks = (sample.eventTimesMs ?? []).map((ms) => `<rect class="mark event" x="${(x.at(ms - sent) - 0.7).toFixed(1)}" y="${y}" width="1.4" height="10"/>`).join('');
      return `<g><line class="stream" x1="${x.at(0)}" x2="${x.at((sample.endedAtMs ?? sent) - sent).toFixed(1)}" y1="${y + 5}" y2="${y + 5}"/>${intended}${ticks}<title>${escape(`${sample.requestKey}: ${sample.contentEvents ?? 0} events, largest gap ${number(sample.maxGapMs ?? 0)} ms`)}</title></g>`;
    })
    .join('');
  return `${head}<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Stream timelines">${grid}${rows}</svg><figcaption>A seeded share of the streams; each tick is a content event (an event is not a token), time from sent. Circles: when the server intended it.</figcaption></figure>`;
}
